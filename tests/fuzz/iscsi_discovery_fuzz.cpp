// SPDX-License-Identifier: Apache-2.0
#include "drivers/api/errors.h"
#include "drivers/api/monotonic_clock.h"
#include "drivers/iscsi/discovery.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

// A portal that says the same whatever it hears, and ends; for whoever comes.
class Portal {
public:
    Portal()
        : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* const place = reinterpret_cast<sockaddr*>(&address); // NOLINT
        if (::bind(listener_, place, length) != 0 || ::listen(listener_, 8) != 0 ||
            ::getsockname(listener_, place, &length) != 0) {
            std::abort();
        }
        port_ = ntohs(address.sin_port);
    }
    ~Portal() { ::close(listener_); }
    Portal(const Portal&) = delete;
    Portal& operator=(const Portal&) = delete;

    std::string place() const { return "127.0.0.1:" + std::to_string(port_); }

    void serve_one(const std::uint8_t* data, std::size_t size) const {
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) {
            std::abort();
        }
        (void)!::send(fd, data, size, MSG_NOSIGNAL);
        ::shutdown(fd, SHUT_WR);
        char heard[4096];
        while (::recv(fd, heard, sizeof heard, 0) > 0) {
        }
        ::close(fd);
    }

private:
    int listener_;
    std::uint16_t port_ = 0;
};

} // namespace

// Input: terms, and all that a portal says to a discovery session. It is an error or a list, and
// nobody is listed who did not go through what was asked for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Portal portal;
    static const drivers::MonotonicClock clock;
    if (size == 0) {
        return 0;
    }
    drivers::iscsi::SessionSettings settings;
    settings.portal = portal.place();
    settings.initiator_name = "iqn.2026-01.org.arraybench:host";
    settings.header_digest = (data[0] & 1U) != 0;
    if ((data[0] & 2U) != 0) {
        settings.chap = {"host", "our-secret-12345"};
    }
    if ((data[0] & 6U) == 6U) {
        settings.mutual_chap = {"array", "their-secret-123"};
    }
    std::thread serving([&] { portal.serve_one(data + 1, size - 1); });
    try {
        (void)drivers::iscsi::discover(settings, clock, std::chrono::seconds(5));
        if ((data[0] & 6U) == 6U) {
            std::abort(); // What is said without hearing us proves nothing.
        }
    } catch (const drivers::ArrayError&) { // Said so.
    }
    serving.join();
    return 0;
}
