// SPDX-License-Identifier: Apache-2.0
#include "drivers/lab/tls_sink.h"

#include "drivers/api/errors.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <span>

namespace drivers::lab {

namespace {

constexpr std::size_t callers_max = 64;
constexpr std::chrono::seconds silence_max{10};
constexpr std::size_t head_bytes_max = 16384;

using Steady = std::chrono::steady_clock;

struct FreeSession {
    void operator()(SSL* session) const noexcept { SSL_free(session); }
};
struct FreeKey {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
struct FreeCertificate {
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Certificate = std::unique_ptr<X509, FreeCertificate>;

Certificate self_signed(EVP_PKEY* key) {
    constexpr long valid_s = 86'400L * 30;
    Certificate out(X509_new());
    if (!out) {
        return out;
    }
    X509_set_version(out.get(), 2); // Version 3 (RFC 5280 section 4.1.2.1)
    ASN1_INTEGER_set(X509_get_serialNumber(out.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(out.get()), -86'400);
    X509_gmtime_adj(X509_getm_notAfter(out.get()), valid_s);
    X509_set_pubkey(out.get(), key);
    X509_NAME* name = X509_get_subject_name(out.get());
    constexpr std::array<unsigned char, 9> text{'s', 'i', 'n', 'k', '-', 'h', 'o', 'l', 'e'};
    X509_NAME_add_entry_by_txt(
        name, "CN", MBSTRING_ASC, text.data(), static_cast<int>(text.size()), -1, 0);
    X509_set_issuer_name(out.get(), name);
    if (X509_sign(out.get(), key, EVP_sha256()) == 0) {
        out.reset();
    }
    return out;
}

Peer peer_of(const sockaddr_in& from) {
    Peer out;
    out.address.family = 4;
    std::memcpy(out.address.bytes.data(), &from.sin_addr, sizeof from.sin_addr);
    out.port = ntohs(from.sin_port);
    return out;
}

// How long the body is that a request's head announces.
std::uint64_t announced_bytes(std::string head) {
    std::transform(head.begin(), head.end(), head.begin(), [](unsigned char letter) {
        return static_cast<char>(letter >= 'A' && letter <= 'Z' ? letter + 32 : letter);
    });
    constexpr std::string_view field = "\r\ncontent-length: ";
    const std::size_t at = head.find(field);
    std::uint64_t out = 0;
    if (at != std::string::npos) {
        const char* from = head.data() + at + field.size();
        std::from_chars(from, head.data() + head.size(), out);
    }
    return out;
}

} // namespace

struct TlsSink::Context {
    Context()
        : tls(SSL_CTX_new(TLS_server_method())) {
        const Key key(EVP_EC_gen("P-256"));
        const Certificate certificate = key ? self_signed(key.get()) : nullptr;
        if (tls == nullptr || !certificate ||
            SSL_CTX_use_certificate(tls, certificate.get()) != 1 ||
            SSL_CTX_use_PrivateKey(tls, key.get()) != 1) {
            SSL_CTX_free(tls);
            throw HostError("laboratory: no certificate for the HTTPS sink-hole");
        }
    }
    ~Context() { SSL_CTX_free(tls); }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    SSL_CTX* tls;
};

struct TlsSink::Caller {
    ~Caller() { ::close(descriptor); }

    int descriptor = -1;
    std::unique_ptr<SSL, FreeSession> session;
    Peer from;
    Peer to;
    std::string head;
    std::uint64_t bytes = 0;  // Inside TLS
    std::uint64_t wanted = 0; // Of them, once the head has been read
    bool shaken = false;
    bool over = false;
    short events = POLLIN;
    Steady::time_point heard = Steady::now();
};

TlsSink::TlsSink(const std::vector<std::uint16_t>& ports, SinkLog& log)
    : log_(log)
    , context_(std::make_unique<Context>()) {
    try {
        for (const std::uint16_t port : ports) {
            listeners_.push_back(open_service("0.0.0.0", port, true));
        }
    } catch (...) {
        for (const int listener : listeners_) {
            ::close(listener);
        }
        throw;
    }
}

TlsSink::~TlsSink() {
    for (const int listener : listeners_) {
        ::close(listener);
    }
}

void TlsSink::add_to(std::vector<pollfd>& watched) const {
    for (const int listener : listeners_) {
        watched.push_back({listener, POLLIN, 0});
    }
    for (const auto& caller : callers_) {
        watched.push_back({caller->descriptor, caller->events, 0});
    }
}

void TlsSink::accept_from(int listener) {
    sockaddr_in from{};
    socklen_t length = sizeof from;
    auto* address = reinterpret_cast<sockaddr*>(&from); // NOLINT: the calls' own type
    const int descriptor = ::accept4(listener, address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) {
        return;
    }
    auto caller = std::make_unique<Caller>();
    caller->descriptor = descriptor;
    caller->from = peer_of(from);
    sockaddr_in to{};
    length = sizeof to;
    if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&to), &length) == 0) { // NOLINT
        caller->to = peer_of(to);
    }
    caller->session.reset(SSL_new(context_->tls));
    if (callers_.size() < callers_max && caller->session &&
        SSL_set_fd(caller->session.get(), descriptor) == 1) {
        callers_.push_back(std::move(caller));
    }
}

void TlsSink::serve(const pollfd& ready) {
    if (std::find(listeners_.begin(), listeners_.end(), ready.fd) != listeners_.end()) {
        accept_from(ready.fd);
        return;
    }
    for (const auto& caller : callers_) {
        if (caller->descriptor == ready.fd) {
            caller->heard = Steady::now();
            converse(*caller);
            break;
        }
    }
    tick();
}

void TlsSink::converse(Caller& caller) {
    constexpr int reads_max = 64; // Others want to be heard too.
    SSL* tls = caller.session.get();
    std::array<char, 16384> buffer{};
    for (int i = 0; i < reads_max && !caller.over; ++i) {
        const int got = caller.shaken
                            ? SSL_read(tls, buffer.data(), static_cast<int>(buffer.size()))
                            : SSL_accept(tls);
        if (got <= 0) {
            const int why = SSL_get_error(tls, got);
            ERR_clear_error();
            caller.events = why == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
            caller.over = why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE;
            return;
        }
        if (!caller.shaken) {
            caller.shaken = true;
            continue;
        }
        caller.bytes += static_cast<std::uint64_t>(got);
        if (caller.wanted == 0 && caller.head.size() < head_bytes_max) {
            caller.head.append(buffer.data(), static_cast<std::size_t>(got));
            const std::size_t end = caller.head.find("\r\n\r\n");
            caller.wanted = end == std::string::npos
                                ? 0
                                : end + 4 + announced_bytes(caller.head.substr(0, end + 2));
        }
        if (caller.wanted > 0 && caller.bytes >= caller.wanted) {
            constexpr std::string_view answer =
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
            (void)SSL_write(tls, answer.data(), static_cast<int>(answer.size()));
            SSL_shutdown(tls);
            ERR_clear_error();
            caller.over = true;
        }
    }
}

void TlsSink::end(Caller& caller) {
    const auto printable = [](std::string_view text) { // Both are the caller's own words.
        const auto bytes = std::as_bytes(std::span(text));
        return first_bytes(bytes.data(), bytes.size());
    };
    const char* name = SSL_get_servername(caller.session.get(), TLSEXT_NAMETYPE_host_name);
    const std::string line = caller.head.substr(0, caller.head.find('\r'));
    log_.add({utc_now_ns(),
              "HTTPS",
              peer_text(caller.from),
              peer_text(caller.to),
              fmt::format("{}server name {}{}{}",
                          caller.shaken ? "" : "no session; ",
                          name == nullptr ? "none" : printable(name),
                          line.empty() ? "" : "; ",
                          printable(line)),
              caller.bytes});
}

void TlsSink::tick() {
    const auto now = Steady::now();
    const auto gone = std::remove_if(
        callers_.begin(), callers_.end(), [&](const std::unique_ptr<Caller>& caller) {
            const bool ends = caller->over || now - caller->heard > silence_max;
            if (ends) {
                end(*caller);
            }
            return ends;
        });
    callers_.erase(gone, callers_.end());
}

} // namespace drivers::lab
