// SPDX-License-Identifier: Apache-2.0
// Any stream of bytes from a host to the emulated array's NVMe/TCP door: the connection ends, the
// array lives.
#include "drivers/api/monotonic_clock.h"
#include "drivers/array/nvme_portal.h"

#include <boost/asio/io_context.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

namespace nvme = drivers::wire::nvme;

namespace {

struct Target {
    Target()
        : core(settings())
        , target(core) {
        drivers::array::NvmePortalSettings door;
        door.subsystems.push_back({.nqn = "nqn.2026-01.org.arraybench:fuzz",
                                   .model = "fuzz",
                                   .luns = {},
                                   .host_secret = "",
                                   .controller_secret = ""});
        portal = std::make_unique<drivers::array::NvmePortal>(context, target, clock, door);
    }

    static drivers::array::ArraySettings settings() {
        drivers::array::ArraySettings array;
        drivers::array::VolumeSettings volume;
        volume.name = "v";
        volume.block_count = 4096;
        volume.identity.unique_id = "6382028100abcdef0123456789abcdef";
        array.volumes.push_back(volume);
        return array;
    }

    int connect() const {
        const std::string address = portal->address();
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        to.sin_port =
            htons(static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1))));
        const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (::connect(socket, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
            std::abort();
        }
        const linger abort_at_close{.l_onoff = 1, .l_linger = 0}; // No ports left waiting.
        ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &abort_at_close, sizeof abort_at_close);
        return socket;
    }

    drivers::MonotonicClock clock;
    boost::asio::io_context context{1};
    drivers::array::ArrayCore core;
    drivers::array::NvmeTarget target;
    std::unique_ptr<drivers::array::NvmePortal> portal;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Target target;
    const int socket = target.connect();
    std::array<std::byte, nvme::ic_bytes> greeting{};
    nvme::put_initialize(greeting, nvme::PduType::ic_req, {});
    (void)!::send(socket, greeting.data(), greeting.size(), MSG_NOSIGNAL);
    (void)!::send(socket, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(socket, SHUT_WR);
    for (int i = 0; i < 20; ++i) {
        target.context.restart();
        target.context.poll();
        std::array<std::byte, 4096> answer{};
        const ssize_t got = ::recv(socket, answer.data(), answer.size(), MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            break;
        }
    }
    ::close(socket);
    return 0;
}
