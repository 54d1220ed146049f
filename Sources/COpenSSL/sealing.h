// AES-256-GCM (NIST SP 800-38D) over whole messages: what authenticates and what encrypts is never used apart.
#pragma once

#include <openssl/evp.h>
#include <openssl/rand.h>

// Writes `size` bytes of cipher text and 16 of the tag behind them; 1 if all went well.
static inline int seal_bytes(const unsigned char *key, const unsigned char *nonce, const unsigned char *header,
                             int header_size, const unsigned char *text, int size, unsigned char *sealed) {
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context == NULL) return 0;
    int written = 0, last = 0;
    int done = EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
               EVP_EncryptUpdate(context, NULL, &written, header, header_size) == 1 &&
               EVP_EncryptUpdate(context, sealed, &written, text, size) == 1 && written == size &&
               EVP_EncryptFinal_ex(context, sealed + size, &last) == 1 && last == 0 &&
               EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, sealed + size) == 1;
    EVP_CIPHER_CTX_free(context);
    return done;
}

// Writes `size` bytes of text, read from as many of cipher text and the 16 of the tag behind them; 1 if none was changed.
static inline int open_bytes(const unsigned char *key, const unsigned char *nonce, const unsigned char *header,
                             int header_size, const unsigned char *sealed, int size, unsigned char *text) {
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context == NULL) return 0;
    int written = 0, last = 0;
    int done = EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
               EVP_DecryptUpdate(context, NULL, &written, header, header_size) == 1 &&
               EVP_DecryptUpdate(context, text, &written, sealed, size) == 1 && written == size &&
               EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, 16, (void *)(sealed + size)) == 1 &&
               EVP_DecryptFinal_ex(context, text + size, &last) == 1 && last == 0;
    EVP_CIPHER_CTX_free(context);
    return done;
}
