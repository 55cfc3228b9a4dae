// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/whole_access.h"

#include "bench/measure/failure_words.h"
#include "drivers/api/driver_end.h"
#include "drivers/api/errors.h"

#include <poll.h>

#include <algorithm>
#include <fmt/format.h>

namespace bench::campaign {

namespace {

constexpr int longest_wait_ms = 10; // So that the driver's own timers are served.
constexpr std::uint32_t piece_bytes = 256U << 10U;

void wait_a_little(const drivers::BlockDriver& driver) {
    pollfd ready{driver.wait_fd(), POLLIN, 0};
    if (ready.fd >= 0) {
        ::poll(&ready, 1, longest_wait_ms);
    }
}

drivers::Completion ended(drivers::BlockDriver& driver, const drivers::Request& request) {
    drivers::Completion out;
    while (!driver.submit(request)) { // Full: an answer to nobody is on its way, or a reconnection.
        wait_a_little(driver);
        (void)driver.poll({});
    }
    while (driver.poll({&out, 1}) == 0) {
        wait_a_little(driver);
    }
    return out;
}

void transfer(drivers::BlockDriver& driver,
              drivers::Request request,
              std::uint64_t offset_bytes,
              std::span<std::byte> data) {
    const drivers::Geometry& geometry = driver.geometry();
    const std::uint64_t block = geometry.block_bytes;
    std::uint64_t piece = geometry.transfer_bytes_max == 0
                              ? piece_bytes
                              : std::min(piece_bytes, geometry.transfer_bytes_max);
    piece = std::max(block, piece - (piece % block));
    constexpr int attempts = 5; // Unit attentions and "busy" pass.
    while (!data.empty()) {
        request.data = data.first(std::min<std::uint64_t>(piece, data.size()));
        request.range = {offset_bytes / block, request.data.size() / block};
        drivers::Completion done;
        for (int attempt = 0; attempt < attempts; ++attempt) {
            done = ended(driver, request);
            if (done.status == drivers::Status::good) {
                break;
            }
        }
        drivers::throw_end(driver.ended(), std::string(driver.end_reason()));
        if (done.status != drivers::Status::good) {
            throw drivers::ArrayError(
                fmt::format("the LUN cannot be {} at byte {}: {}",
                            request.op == drivers::Op::read ? "read" : "written",
                            offset_bytes,
                            measure::failure_words(done.status, done.sense)));
        }
        offset_bytes += request.data.size();
        data = data.subspan(request.data.size());
    }
}

} // namespace

void read_whole(drivers::BlockDriver& driver,
                std::uint64_t offset_bytes,
                std::span<std::byte> into) {
    drivers::Request request;
    request.op = drivers::Op::read;
    transfer(driver, request, offset_bytes, into);
}

void write_whole(drivers::BlockDriver& driver,
                 std::uint64_t offset_bytes,
                 std::span<std::byte> data) {
    drivers::Request request;
    request.op = drivers::Op::write;
    request.force_unit_access = true;
    transfer(driver, request, offset_bytes, data);
}

} // namespace bench::campaign
