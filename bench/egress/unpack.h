// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/cursor.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace bench::egress {

enum class Packing : std::uint8_t { gzip, zlib, zstd, lz4 };
const char* name_of(Packing packing) noexcept;

// A place where compressed data seems to begin.
struct PackedStart {
    std::size_t at = 0;
    Packing packing = Packing::gzip;
};

// Of packed data in `bytes` that begins at or after `from` and has at least its first three bytes
// there; the first `starts_max` are added to `out`. Returns how many more there are.
std::size_t find_packed(drivers::wire::Bytes bytes,
                        std::size_t from,
                        std::size_t starts_max,
                        std::vector<PackedStart>& out);

inline bool has_packed(drivers::wire::Bytes bytes, std::size_t from) {
    std::vector<PackedStart> none;
    return find_packed(bytes, from, 0, none) > 0;
}

struct UnpackLimits {
    std::uint64_t bytes_max = 64U << 20U; // Out of one packed stream: what is longer is a bomb.
    std::uint32_t zstd_window_log_max = 23;
};

// Takes one packed stream apart piece by piece, within limits of memory and length.
class Unpacker {
public:
    enum class State : std::uint8_t {
        going,
        ended,  // Whole
        broken, // Was no such stream, or is damaged.
        too_long
    };
    using Hearer = std::function<void(drivers::wire::Bytes)>;
    // Asked before each step, with what it costs beyond what comes out, as so many bytes; no: stop.
    using Leave = std::function<bool(std::size_t step_costs)>;

    explicit Unpacker(Packing packing, UnpackLimits limits = UnpackLimits{});
    Unpacker(const Unpacker&) = delete;
    Unpacker& operator=(const Unpacker&) = delete;
    ~Unpacker();

    // Hands on what comes out, a room's fill at a time; ends by itself. Once `leave` is refused the
    // last left() bytes of `packed` have not been taken.
    State take(
        drivers::wire::Bytes packed,
        std::span<std::byte> room,
        const Hearer& unpacked,
        const Leave& leave = [](std::size_t) { return true; });
    std::size_t left() const noexcept { return left_; }

    Packing packing() const noexcept { return packing_; }
    std::uint64_t bytes_out() const noexcept { return bytes_out_; }

private:
    struct Engine;
    struct Inflate;
    struct Zstd;
    struct Lz4;

    Packing packing_;
    UnpackLimits limits_;
    std::unique_ptr<Engine> engine_;
    std::uint64_t bytes_out_ = 0;
    std::size_t left_ = 0;
    State state_ = State::going;
};

} // namespace bench::egress
