"""CPU time a request costs http-sample and others, side by side in interleaved rounds.

usage: bench.py SAMPLE FOLDER [--rounds N] [--seconds S] [--only LOAD,…] [--connections N,…] [--uvicorn PROGRAM]
                [--servers FOLDER] [--peers NAME,…]

SAMPLE is the built http-sample. FOLDER gets certificates, bodies and logs. Each server has one loop or
worker on the first processor, wrk the second. Printed is the least microseconds of the server's
processes per request over the rounds, then the most requests per second and its 99th percentile.
`--servers` is where hummingbird-peer and flyingfox-peer were built.
"""
import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LOADS = ['get', 'close', 'pipelined', 'json-3k', 'binary-20k', 'json-150k', 'json-1.5m', 'tls-get', 'tls-20k']
SIZES = {'json-3k': 3_300, 'binary-20k': 20_000, 'json-150k': 150_000, 'json-1.5m': 1_500_000, 'tls-20k': 20_000}

NGINX = '''
worker_processes 1; daemon off; pid nginx.pid; error_log nginx-errors.log error;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; client_max_body_size 20m; client_body_buffer_size 4m;
  client_body_temp_path body; proxy_temp_path a; fastcgi_temp_path b; uwsgi_temp_path c; scgi_temp_path d;
  server {{ listen 127.0.0.1:9310 reuseport; {routes} }}
  server {{ listen 127.0.0.1:9311 ssl; ssl_certificate certificate.pem; ssl_certificate_key certificate.pem;
           ssl_protocols TLSv1.2 TLSv1.3; {routes} }}
}}
'''
ROUTES = 'default_type text/plain; location = / { return 200 "ok"; } location /p { return 200 "ok"; }'


def commands(arguments):
    """Name to command, plain port and secure port."""
    certificate = os.path.join(arguments.folder, 'certificate.pem')
    servers = {
        'striate': ([arguments.sample, '9300', '1', '9301', certificate], 9300, 9301),
        'nginx': (['nginx', '-p', arguments.folder, '-c', 'nginx.conf'], 9310, 9311),
    }
    if arguments.servers:
        for number, name in enumerate(('hummingbird', 'flyingfox')):
            port = 9330 + 10 * number
            servers[name] = ([os.path.join(arguments.servers, name + '-peer'), str(port)], port, None)
    if arguments.uvicorn:
        servers['uvicorn'] = (
            [arguments.uvicorn, '--app-dir', HERE, 'app:app', '--port', '9320', '--no-access-log',
             '--log-level', 'error'], 9320, None)
    wanted = arguments.peers.split(',') if arguments.peers else servers
    return {name: servers[name] for name in servers if name in wanted}


def prepare(arguments):
    os.makedirs(arguments.folder, exist_ok=True)
    subprocess.run([os.path.join(HERE, '..', '..', 'dev'), 'certificate', arguments.folder], check=True,
                   stderr=subprocess.DEVNULL)
    with open(os.path.join(arguments.folder, 'nginx.conf'), 'w') as file:
        file.write(NGINX.format(routes=ROUTES))
    for load in LOADS:
        with open(os.path.join(arguments.folder, load + '.lua'), 'w') as file:
            file.write(script(load))


def script(load):
    if load == 'pipelined':
        return ('init = function() local r = {} for i = 1, 16 do r[i] = wrk.format("GET", "/") end '
                'requests = table.concat(r) end\nrequest = function() return requests end\n')
    if load in SIZES:
        unit = '0.123456, '
        return (f'wrk.method = "POST"\nwrk.path = "/p"\n'
                f'wrk.body = string.rep("{unit}", {SIZES[load] // len(unit)})\n')
    return 'wrk.headers["Connection"] = "close"\n' if load == 'close' else ''


def processes(pid):
    found = [pid]
    for task in os.listdir(f'/proc/{pid}/task'):
        with open(f'/proc/{pid}/task/{task}/children') as file:
            for child in file.read().split():
                found += processes(int(child))
    return found


def processor_seconds(pid):
    total = 0
    for process in processes(pid):
        for task in os.listdir(f'/proc/{process}/task'):
            with open(f'/proc/{process}/task/{task}/schedstat') as file:
                total += int(file.read().split()[0])
    return total / 1e9


def start(command, port, folder):
    if socket.socket().connect_ex(('127.0.0.1', port)) == 0:
        sys.exit(f'port {port} is in use')
    log = open(os.path.join(folder, 'servers.log'), 'a')
    process = subprocess.Popen(['taskset', '-c', '0'] + command, stdout=log, stderr=log)
    for _ in range(200):
        if socket.socket().connect_ex(('127.0.0.1', port)) == 0:
            return process
        time.sleep(0.05)
    sys.exit(f'{command[0]} does not answer')


def microseconds(text):
    """Of wrk's figure, which is no number when nothing was answered."""
    figure = re.match(r'([\d.]+)(us|ms|s|m)', text)
    if not figure:
        return float('nan')
    number, unit = figure.groups()
    return float(number) * {'us': 1, 'ms': 1e3, 's': 1e6, 'm': 6e7}[unit]


def load(name, url, connections, seconds, folder):
    """Requests per second, 99th percentile in microseconds, requests, errors."""
    output = subprocess.run(
        ['taskset', '-c', '1', 'wrk', '-t', '1', '-c', str(connections), '-d', f'{seconds}s', '--latency',
         '--timeout', '5s', '-s', os.path.join(folder, name + '.lua'), url],
        capture_output=True, text=True, timeout=seconds + 30).stdout
    rate = float(re.search(r'Requests/sec:\s+([\d.]+)', output).group(1))
    # In a line of its own: spreads above it are percentages too.
    late = microseconds(re.search(r'^ *99%\s+(\S+)', output, re.MULTILINE).group(1))
    count = int(re.search(r'(\d+) requests in', output).group(1))
    return rate, late, count, re.findall(r'(Socket errors.*|Non-2xx.*)', output)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('sample')
    parser.add_argument('folder')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--seconds', type=int, default=2)
    parser.add_argument('--only', default='')
    parser.add_argument('--connections', default='1,16,64,256')
    parser.add_argument('--uvicorn', default='')
    parser.add_argument('--servers', default='')
    parser.add_argument('--peers', default='')
    arguments = parser.parse_args()
    arguments.folder = os.path.abspath(arguments.folder)
    prepare(arguments)
    wanted = arguments.only.split(',') if arguments.only else LOADS
    results = {}
    for _ in range(arguments.rounds):
        for server, (command, port, secure) in commands(arguments).items():
            process = start(command, port, arguments.folder)
            for name in wanted:
                if name.startswith('tls') and secure is None:
                    continue
                address = f'https://127.0.0.1:{secure}/' if name.startswith('tls') else f'http://127.0.0.1:{port}/'
                for connections in map(int, arguments.connections.split(',')):
                    before = processor_seconds(process.pid)
                    rate, late, count, errors = load(name, address, connections, arguments.seconds, arguments.folder)
                    cost = (processor_seconds(process.pid) - before) / max(count, 1) * 1e6
                    results.setdefault((name, connections), {}).setdefault(server, []).append((cost, rate, late))
                    if errors:
                        print(server, name, connections, errors, file=sys.stderr)
            process.send_signal(signal.SIGTERM)
            process.wait(10)
    names = list(commands(arguments))
    print(f'{"load":11}{"conns":>6}' + ''.join(f'{name + ": µs CPU, 1/s, p99 µs":>34}' for name in names))
    for (name, connections), servers in results.items():
        line = f'{name:11}{connections:6}'
        for server in names:
            rows = servers.get(server)
            if rows:
                best = max(rows, key=lambda row: row[1])
                line += f'{min(row[0] for row in rows):16.1f}{best[1]:10.0f}{best[2]:8.0f}'
            else:
                line += f'{"–":>34}'
        print(line)


if __name__ == '__main__':
    main()
