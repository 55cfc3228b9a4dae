// SPDX-License-Identifier: Apache-2.0
#include "drivers/capture/classic_pcap.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <utility>

namespace drivers::capture {

namespace {

constexpr std::size_t piece_bytes = 1U << 20U; // Stays in the core's own cache.
constexpr std::size_t file_header_bytes = 24;
constexpr std::size_t record_header_bytes = 16;
constexpr std::uint32_t frame_bytes_max = 256U << 10U; // libpcap's limit for a snapshot
constexpr std::uint32_t magic_microseconds = 0xA1B2C3D4;
constexpr std::uint32_t magic_nanoseconds = 0xA1B23C4D;

} // namespace

ClassicPcap::ClassicPcap(int descriptor)
    : descriptor_(descriptor)
    , piece_(piece_bytes) {}

ClassicPcap::~ClassicPcap() {
    close(descriptor_);
}

std::unique_ptr<ClassicPcap> ClassicPcap::open(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return nullptr;
    }
    std::unique_ptr<ClassicPcap> out(new ClassicPcap(descriptor));
    return out->read_header() ? std::move(out) : nullptr;
}

std::uint32_t ClassicPcap::word(std::size_t offset) const noexcept {
    std::uint32_t out = 0;
    std::memcpy(&out, piece_.data() + at_ + offset, sizeof out);
    return swapped_ ? __builtin_bswap32(out) : out;
}

bool ClassicPcap::have(std::size_t bytes) {
    if (filled_ - at_ >= bytes) {
        return true;
    }
    std::memmove(piece_.data(), piece_.data() + at_, filled_ - at_);
    filled_ -= at_;
    at_ = 0;
    while (filled_ < bytes) {
        const ssize_t got = read(descriptor_, piece_.data() + filled_, piece_.size() - filled_);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        filled_ += static_cast<std::size_t>(got);
    }
    return true;
}

bool ClassicPcap::read_header() {
    if (!have(file_header_bytes)) {
        return false;
    }
    const std::uint32_t magic = word(0);
    swapped_ = magic == __builtin_bswap32(magic_microseconds) ||
               magic == __builtin_bswap32(magic_nanoseconds);
    nanoseconds_ = word(0) == magic_nanoseconds;
    if (!nanoseconds_ && word(0) != magic_microseconds) {
        return false;
    }
    constexpr std::uint32_t version_2_4 = 4U << 16U | 2U;
    const bool known_version = swapped_ ? word(4) == (2U << 16U | 4U) : word(4) == version_2_4;
    link_type_ = static_cast<std::uint16_t>(word(20) & 0xFFFFU); // Above it: frame check sequence
    at_ += file_header_bytes;
    return known_version;
}

Next ClassicPcap::next(Frame& out) {
    if (!have(record_header_bytes)) {
        if (filled_ > at_) {
            ended_early_ = fmt::format(
                "{} bytes of a record's header of {}", filled_ - at_, record_header_bytes);
        }
        return Next::end;
    }
    const std::uint32_t held = word(8);
    if (held > frame_bytes_max) {
        ended_early_ =
            fmt::format("a record claims {} bytes; {} are the most", held, frame_bytes_max);
        return Next::end;
    }
    if (!have(record_header_bytes + held)) {
        ended_early_ =
            fmt::format("{} bytes of a record of {}", filled_ - at_ - record_header_bytes, held);
        return Next::end;
    }
    const std::int64_t fraction = word(4);
    out.at = std::chrono::sys_time<std::chrono::nanoseconds>(
        std::chrono::seconds(word(0)) +
        std::chrono::nanoseconds(nanoseconds_ ? fraction : fraction * 1000));
    out.link_type = link_type_;
    out.wire_bytes = word(12);
    out.bytes = std::span(std::as_const(piece_)).subspan(at_ + record_header_bytes, held);
    at_ += record_header_bytes + held;
    return Next::frame;
}

} // namespace drivers::capture
