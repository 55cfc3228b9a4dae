// SPDX-License-Identifier: Apache-2.0
// Any stream of bytes from a controller to a queue with a read and a write in flight: no more
// completions than commands, and no byte beyond their buffers.
#include "drivers/api/monotonic_clock.h"
#include "drivers/nvme_tcp/queue.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

namespace nvme = drivers::wire::nvme;
using drivers::nvme_tcp::Descriptor;
using drivers::nvme_tcp::Queue;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::array<int, 2> pair{};
    if (size > 32768 || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()) != 0) {
        return 0;
    }
    const Descriptor far(pair[1]);
    const bool digests = size > 0 && (data[0] & 1U) != 0;
    Descriptor near(pair[0]);
    Queue queue(std::move(near), 4, {.header = digests, .data = digests});
    std::array<std::byte, nvme::ic_bytes> greeting{};
    nvme::put_initialize(greeting,
                         nvme::PduType::ic_resp,
                         {.digests = {.header = digests, .data = digests}, .limit = 4096});
    (void)!::write(far.number(), greeting.data(), greeting.size());
    drivers::MonotonicClock clock;
    queue.initialize(clock, clock.now() + std::chrono::seconds(5));
    queue.set_in_capsule_bytes(0);
    std::vector<std::byte> read(1024);
    std::vector<std::byte> written(8192);
    if (!queue.submit({.entry = nvme::block_command(nvme::opcode_read, 1, 0, 2), .data = read}) ||
        !queue.submit({.entry = nvme::block_command(nvme::opcode_write, 1, 0, 16),
                       .data = written,
                       .to_controller = true})) {
        std::abort();
    }
    std::array<drivers::nvme_tcp::QueueCompletion, 4> out{};
    std::size_t completions = queue.poll(out);
    (void)!::write(far.number(), data, size);
    ::shutdown(far.number(), SHUT_WR);
    while (!queue.is_broken()) {
        completions += queue.poll(out);
    }
    if (completions + queue.in_flight() != 2) {
        std::abort();
    }
    return 0;
}
