// OpenSSL 3 spells much of its interface as function-like macros, which Swift does not import.
#pragma once

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

static inline int tls_require_version(SSL_CTX *context, int minimum) {
    return SSL_CTX_set_min_proto_version(context, minimum);
}

// A client that ends without close_notify is no error: HTTP messages say where they end.
static inline void tls_set_options(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1);
}

static inline void tls_cache_sessions(SSL_CTX *context, long most) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER);
    SSL_CTX_sess_set_cache_size(context, most);
    SSL_CTX_set_num_tickets(context, 1);
}

static inline void tls_set_name_callback(SSL_CTX *context, int (*callback)(SSL *, int *, void *),
                                         void *argument) {
    SSL_CTX_set_tlsext_servername_callback(context, callback);
    SSL_CTX_set_tlsext_servername_arg(context, argument);
}

// Lets tickets of `old` be resumed under `new`.
static inline void tls_copy_ticket_keys(SSL_CTX *old, SSL_CTX *new_context) {
    unsigned char keys[80];
    if (SSL_CTX_get_tlsext_ticket_keys(old, keys, sizeof keys) == 1)
        SSL_CTX_set_tlsext_ticket_keys(new_context, keys, sizeof keys);
    OPENSSL_cleanse(keys, sizeof keys);
}

// Without this, a key that wants a password asks for it on the terminal.
static inline int tls_no_password(char *buffer, int size, int writing, void *argument) {
    (void)buffer, (void)size, (void)writing, (void)argument;
    return -1;
}

static inline void tls_refuse_passwords(SSL_CTX *context) {
    SSL_CTX_set_default_passwd_cb(context, tls_no_password);
}

// Writes when a certificate ends, as "Nov 25 03:37:37 2027 GMT"; `text` has room for `size` bytes.
static inline void tls_expiry(const X509 *certificate, char *text, int size) {
    text[0] = 0;
    BIO *memory = BIO_new(BIO_s_mem());
    if (memory == NULL) return;
    if (ASN1_TIME_print(memory, X509_get0_notAfter(certificate)) == 1) {
        int count = BIO_read(memory, text, size - 1);
        text[count > 0 ? count : 0] = 0;
    }
    BIO_free(memory);
}

// Has a client's session ask for this host's certificate (RFC 6066 §3) and accept no other (RFC 6125 §6.4).
static inline int tls_expect(SSL *session, const char *host) {
    unsigned char address[16];
    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host);
    }
    return SSL_set_tlsext_host_name(session, host) == 1 && SSL_set1_host(session, host) == 1;
}
