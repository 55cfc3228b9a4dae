// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/actor/tls_client.h"

#include <poll.h>

#include <array>
#include <memory>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace drivers::array {

namespace {

struct FreeContext {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
struct FreeSession {
    void operator()(SSL* session) const noexcept { SSL_free(session); }
};

// True: try again. A read may wait for writing and the other way round.
bool wait_as_told(PatientSocket& socket, SSL* session, int result, TimePoint until) noexcept {
    const int why = SSL_get_error(session, result);
    ERR_clear_error();
    return (why == SSL_ERROR_WANT_READ && socket.wait_for(POLLIN, until)) ||
           (why == SSL_ERROR_WANT_WRITE && socket.wait_for(POLLOUT, until));
}

} // namespace

bool say_in_tls(PatientSocket& socket,
                const std::string& server_name,
                std::span<const std::byte> bytes,
                TimePoint until) noexcept {
    constexpr std::size_t answer_bytes_max = 1U << 20U;
    const std::unique_ptr<SSL_CTX, FreeContext> context(SSL_CTX_new(TLS_client_method()));
    const std::unique_ptr<SSL, FreeSession> session(context ? SSL_new(context.get()) : nullptr);
    if (!session || SSL_set_fd(session.get(), socket.descriptor()) != 1) {
        return false;
    }
    SSL* tls = session.get();
    SSL_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (!server_name.empty()) {
        std::string name = server_name; // OpenSSL's parameter is not const.
        SSL_ctrl(tls, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
    }
    for (int got = SSL_connect(tls); got != 1; got = SSL_connect(tls)) {
        if (!wait_as_told(socket, tls, got, until)) {
            return false;
        }
    }
    while (!bytes.empty()) {
        const int sent = SSL_write(tls, bytes.data(), static_cast<int>(bytes.size()));
        if (sent > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
        } else if (!wait_as_told(socket, tls, sent, until)) {
            return false;
        }
    }
    std::array<std::byte, 4096> answer{};
    for (std::size_t total = 0; total < answer_bytes_max;) {
        const int got = SSL_read(tls, answer.data(), static_cast<int>(answer.size()));
        if (got > 0) {
            total += static_cast<std::size_t>(got);
        } else if (!wait_as_told(socket, tls, got, until)) {
            break;
        }
    }
    SSL_shutdown(tls);
    ERR_clear_error();
    return true;
}

} // namespace drivers::array
