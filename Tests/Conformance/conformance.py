"""110 messages that servers are known to misread, sent over raw sockets.

usage: conformance.py PORT            expects GET / to answer "ok" and POST /p to take a body
       conformance.py --seeds FOLDER  writes the messages as files, to begin fuzzing with

Each case names the statuses, and where it matters whether the connection is closed.
"""
import concurrent.futures
import os
import re
import socket
import sys
import time

H = b'Host: a\r\n'


# How much longer than usual a case waits before it is called failed: a busy machine is slow, and that is no
# failure. The longest wait is still shorter than the server's own patience of 10 seconds.
PATIENCE = (1, 5, 20)


def talk(port, parts, half=False, wait=0.35, total=3.0, patience=1):
    """Sends parts (bytes, or seconds to sleep); returns the answers and whether the server closed."""
    connection = socket.create_connection(('127.0.0.1', port), 60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    received, closed = b'', False
    try:
        for part in parts:
            if isinstance(part, (int, float)):
                time.sleep(part * patience)
            else:
                connection.sendall(part)
        if half:
            connection.shutdown(socket.SHUT_WR)
    except (BrokenPipeError, ConnectionResetError):
        pass
    connection.settimeout(wait * patience)
    end = time.monotonic() + total * patience
    while time.monotonic() < end:
        try:
            data = connection.recv(65536)
        except socket.timeout:
            break
        except ConnectionResetError:
            data = b''
        if not data:
            closed = True
            break
        received += data
    connection.close()
    return parse(received, parts), closed


def parse(received, parts):
    """The answers as (status, fields, body); status 0 for what is none."""
    answers = []
    is_head = any(isinstance(part, bytes) and part.startswith(b'HEAD') for part in parts)
    while received:
        head, found, rest = received.partition(b'\r\n\r\n')
        lines = head.split(b'\r\n')
        status = re.match(rb'HTTP/1\.\d (\d{3})', lines[0])
        if not found or not status:
            return answers + [(0, {}, received)]
        fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(b':')
            fields[name.strip().lower()] = value.strip()
        status = int(status.group(1))
        has_body = status >= 200 and status not in (204, 304) and not is_head
        length = int(fields.get(b'content-length', len(rest))) if has_body else 0
        answers.append((status, fields, rest[:length]))
        received = rest[length:]
    return answers


CASES = []



def case(name, parts, ok, closed=None, **options):
    """`ok`: statuses of which the only answer has one, or a list of all, or a function of the answers."""
    CASES.append((name, [parts] if isinstance(parts, bytes) else parts, ok, closed, options))



def G(x=b'', v=b'HTTP/1.1', m=b'GET', t=b'/'):
    return m + b' ' + t + b' ' + v + b'\r\n' + H + x + b'\r\n'


def Pst(x, body=b'', h=H):
    return b'POST /p HTTP/1.1\r\n' + h + x + b'\r\n' + body


R4=(400,)
case('host missing',b'GET / HTTP/1.1\r\n\r\n',R4,True)
case('host twice',b'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',R4,True)
case('host invalid (a,b)',b'GET / HTTP/1.1\r\nHost: a,b\r\n\r\n',R4)
case('host invalid (a/b)',b'GET / HTTP/1.1\r\nHost: a/b@c\r\n\r\n',R4)
case('host empty ok',b'GET / HTTP/1.1\r\nHost:\r\n\r\n',(200,400))
case('1.0 no host',b'GET / HTTP/1.0\r\n\r\n',(200,),True)
case('1.0 keep-alive',b'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',(200,),False)
case('close',G(b'Connection: close\r\n'),(200,),True)
case('close in list, case',G(b'Connection: foo, CLOSE\r\n'),(200,),True)
case('obs-fold',G(b'X: a\r\n b\r\n'),R4)
case('space before colon',G(b'X : a\r\n'),R4)
case('ws before first field',b'GET / HTTP/1.1\r\n Host: a\r\n\r\n',R4)
case('bare CR in value',G(b'X: a\rb\r\n'),R4)
case('NUL in value',G(b'X: a\0b\r\n'),R4)
case('bare LF as line end',b'GET / HTTP/1.1\nHost: a\n\n',(400,200))
case('empty field name',G(b': a\r\n'),R4)
case('bad field-name char',G(b'X(y): a\r\n'),R4)
case('non-ascii field name',G(b'\xefoo: a\r\n'),R4)
case('field line without colon',G(b'Foo\r\n'),R4)
case('obs-text in value ok',G(b'X: \xc3\xa9\r\n'),(200,400))
case('CL+TE',Pst(b'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n',b'0\r\n\r\n'),R4,True)
case('TE+CL',Pst(b'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n',b'0\r\n\r\n'),R4,True)
case('dup CL differ',Pst(b'Content-Length: 5\r\nContent-Length: 6\r\n',b'hello!'),R4,True)
case('dup CL same',Pst(b'Content-Length: 5\r\nContent-Length: 5\r\n',b'hello'),(400,200))
case('CL list differ',Pst(b'Content-Length: 5, 6\r\n',b'hello!'),R4,True)
for v in (b'+5',b'-5',b'0x5',b'5_0',b'5 5',b'5a',b'',b'99999999999999999999999',b'18446744073709551621'):
    case('CL "%s"'%v.decode(),Pst(b'Content-Length: '+v+b'\r\n',b'hello'),(400,413),True)
case('TE chunked twice',Pst(b'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',b'0\r\n\r\n'),(400,501),True)
case('TE gzip, chunked',Pst(b'Transfer-Encoding: gzip, chunked\r\n',b'0\r\n\r\n'),(400,501))
case('TE chunked, identity',Pst(b'Transfer-Encoding: chunked, identity\r\n',b'0\r\n\r\n'),(400,501))
case('TE xchunked',Pst(b'Transfer-Encoding: xchunked\r\n',b'0\r\n\r\n'),(400,501))
case('TE identity',Pst(b'Transfer-Encoding: identity\r\n',b''),(400,501))
case('TE \\x0bchunked',Pst(b'Transfer-Encoding: \x0bchunked\r\n',b'0\r\n\r\n'),(400,501))
case('TE case ChunKed ok',Pst(b'Transfer-Encoding: ChunKed\r\n',b'5\r\nhello\r\n0\r\n\r\n'),(200,))
case('TE in 1.0',b'POST /p HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',(400,501),True)
T=b'Transfer-Encoding: chunked\r\n'
case('chunk ok',Pst(T,b'5\r\nhello\r\n0\r\n\r\n'),(200,),False)
case('chunk ext ok',Pst(T,b'5;a=b;c="d"\r\nhello\r\n0;x\r\n\r\n'),(200,))
case('chunk ext with bare LF',Pst(T,b'5;a\nb\r\nhello\r\n0\r\n\r\n'),R4)
case('chunk ext huge',Pst(T,b'5;'+b'a'*70000+b'\r\nhello\r\n0\r\n\r\n'),(400,413,431))
for v in (b'0x5',b'-5',b'+5',b'5_0',b' 5',b'',b'g',b'FFFFFFFFFFFFFFFFF',b'8000000000000000'):
    case('chunk-size "%s"'%v.decode(),Pst(T,v+b'\r\nhello\r\n0\r\n\r\n'),(400,413),True)
case('chunk size LF only',Pst(T,b'5\nhello\r\n0\r\n\r\n'),R4)
case('chunk data no CRLF',Pst(T,b'5\r\nhelloXX0\r\n\r\n'),R4)
case('chunk data longer',Pst(T,b'3\r\nhello\r\n0\r\n\r\n'),R4)
case('trailers ok',Pst(T,b'5\r\nhello\r\n0\r\nX: y\r\n\r\n'),(200,),False)
case('trailer bad',Pst(T,b'5\r\nhello\r\n0\r\nX y\r\n\r\n'),(400,200))
case('trailers huge',Pst(T,b'5\r\nhello\r\n0\r\n'+b'X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n'*4000+b'\r\n'),(400,413,431))
case('chunk then pipelined GET',Pst(T,b'5\r\nhello\r\n0\r\n\r\n')+G(),[200,200])
case('expect 100',[Pst(b'Expect: 100-continue\r\nContent-Length: 5\r\n'),0.2,b'hello'],[100,200])
case('expect 100 body at once',Pst(b'Expect: 100-continue\r\nContent-Length: 5\r\n',b'hello'),([200],[100,200]))
case('expect unknown',Pst(b'Expect: foo\r\nContent-Length: 5\r\n',b'hello'),(417,200))
case('expect 100 in 1.0 no 100',[b'POST /p HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',0.2,b'hello'],[200])
case('expect + too large',Pst(b'Expect: 100-continue\r\nContent-Length: 99999999999\r\n'),(413,))
case('HEAD',G(m=b'HEAD'),lambda r: len(r)==1 and r[0][0]==200 and r[0][1].get(b'content-length') in (b'2',None) )
case('405 + Allow',G(m=b'DELETE'),lambda r: r[0][0]==405 and b'allow' in r[0][1])
case('404',G(t=b'/nope'),(404,),False)
case('OPTIONS *',G(m=b'OPTIONS',t=b'*'),(200,204))
case('GET *',G(t=b'*'),R4)
case('unknown method',G(m=b'FOO'),(501,405))
case('lowercase method',G(m=b'get'),(501,405,400))
case('absolute-form',G(t=b'http://a/'),(200,))
case('CONNECT',b'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n',(400,405,501))
case('authority-form GET',G(t=b'a:80'),R4)
case('URI too long',G(t=b'/'+b'a'*20000),(414,))
case('field too long',G(b'X: '+b'a'*70000+b'\r\n'),(431,400))
case('too many fields',G(b'X: a\r\n'*5000),(431,400))
case('HTTP/1.2',G(v=b'HTTP/1.2'),(200,505))
case('HTTP/2.0',G(v=b'HTTP/2.0'),(505,400))
for v in (b'HTTP/1.1x',b'http/1.1',b'HTTP/11.1',b'HTTP/1',b'HTTP 1.1',b'HTTP/1.10',b'ICY/1.1'):
    case('version '+v.decode(),G(v=v),(400,505))
case('0.9 simple',b'GET /\r\n\r\n',R4)
case('leading CRLF',b'\r\n\r\n'+G(),(200,))
case('two spaces in request line',b'GET  / HTTP/1.1\r\n'+H+b'\r\n',R4)
case('tab in request line',b'GET\t/\tHTTP/1.1\r\n'+H+b'\r\n',R4)
case('trailing space in request line',b'GET / HTTP/1.1 \r\n'+H+b'\r\n',R4)
case('control char in target',b'GET /\x01 HTTP/1.1\r\n'+H+b'\r\n',R4)
case('pipelined x3',G()*3,[200,200,200],False)
case('pipelined POST+GET',Pst(b'Content-Length: 5\r\n',b'hello')+G()+G(t=b'/nope'),[200,200,404])
case('GET with body then GET',G(b'Content-Length: 5\r\n')+b'hello'+G(),[200,200])
case('close stops pipeline',G(b'Connection: close\r\n')+G(),[200],True)
case('half-close answered',[G()],(200,),True,half=True)
case('truncated body + FIN: no 200',[Pst(b'Content-Length: 50\r\n',b'hello')],lambda r: not any(x[0]==200 for x in r),True,half=True)
case('413 readable while sending 4MB (lingering close)',[Pst(b'Content-Length: 900000000\r\n')]+[b'x'*65536]*64,(413,))
case('POST without length',Pst(b''),(411,200,400))
case('Date present',G(),lambda r: re.match(rb'\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$',r[0][1].get(b'date',b'')) is not None)
case('byte by byte',[x for c in G() for x in (bytes([c]),0.002)],(200,),False)
case('TLS hello on plain port',bytes.fromhex('16030100c8010000c40303')+b'\0'*200,lambda r: True,True)
case('h2 preface',b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0',lambda r: not r or r[0][0] in (400,505),True)
case('Upgrade h2c ignored',G(b'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n'),(200,))
case('error closes connection',G(b'X : a\r\n')+G(),[400],True)
case('idle head times out < 15 s',[b'GET / HTTP/1.1\r\nHost: a\r\n'],lambda r: True,True,wait=15,total=16)


def is_met(answers, ok):
    statuses = [answer[0] for answer in answers]
    try:
        if callable(ok):
            return bool(ok(answers))
        if isinstance(ok, list):
            return statuses == ok
        if ok and isinstance(ok[0], list):
            return statuses in ok
        return len(statuses) == 1 and statuses[0] in ok
    except (IndexError, KeyError):
        return False


def run(port, case_):
    """What went wrong, or nothing."""
    name, parts, ok, closed, options = case_
    for patience in PATIENCE:
        answers, was_closed = talk(port, parts, patience=patience, **options)
        if is_met(answers, ok) and closed in (None, was_closed):
            return None
    return f'{name}: {[answer[0] for answer in answers]}, {"closed" if was_closed else "kept"}'


def write_seeds(folder):
    os.makedirs(folder, exist_ok=True)
    for number, (_, parts, _, _, _) in enumerate(CASES):
        message = b''.join(part for part in parts if isinstance(part, bytes))
        for size in (b'\x7f', b'\x02'):
            with open(os.path.join(folder, f'{number}-{size[0]}'), 'wb') as file:
                file.write(size + message[:4096])


if __name__ == '__main__':
    if len(sys.argv) == 3 and sys.argv[1] == '--seeds':
        write_seeds(sys.argv[2])
        sys.exit(0)
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    port = int(sys.argv[1])
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        failures = [text for text in pool.map(lambda one: run(port, one), CASES) if text]
    print(f'{len(CASES) - len(failures)} of {len(CASES)} cases as expected')
    for text in failures:
        print(' ', text)
    sys.exit(1 if failures else 0)
