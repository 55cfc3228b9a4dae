// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/lease_note.h"

#include "drivers/wire/crc32c.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <string_view>

namespace bench::campaign {

namespace {

constexpr std::string_view magic = "arraybench lease 1\n";
constexpr std::size_t checksum_at = integrity::sector_bytes - sizeof(std::uint32_t);

std::string cut(std::string_view text, std::size_t most) {
    std::string out(text.substr(0, most));
    std::replace(out.begin(), out.end(), '\n', ' ');
    return out;
}

} // namespace

void write_lease_note(const LeaseNote& note, std::span<std::byte> block) {
    std::fill(block.begin(), block.end(), std::byte{0});
    constexpr std::size_t token_most = 100;
    constexpr std::size_t who_most = 300;
    const std::string text = fmt::format(
        "{}{}\n{}\n{}\n", magic, cut(note.token, token_most), note.beat, cut(note.who, who_most));
    std::memcpy(block.data(), text.data(), text.size());
    const std::uint32_t sum = drivers::wire::crc32c(block.first(checksum_at));
    std::memcpy(block.data() + checksum_at, &sum, sizeof sum);
}

std::optional<LeaseNote> read_lease_note(integrity::Sector sector) {
    std::uint32_t sum = 0;
    std::memcpy(&sum, sector.data() + checksum_at, sizeof sum);
    std::string text(checksum_at, '\0');
    std::memcpy(text.data(), sector.data(), checksum_at);
    if (!text.starts_with(magic) || drivers::wire::crc32c(sector.first(checksum_at)) != sum) {
        return std::nullopt;
    }
    std::string_view rest(text);
    rest.remove_prefix(magic.size());
    const auto line = [&rest] {
        const std::string_view out = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(out.size() + 1, rest.size()));
        return out;
    };
    LeaseNote out;
    out.token = line();
    const std::string_view beat = line();
    std::from_chars(beat.data(), beat.data() + beat.size(), out.beat);
    out.who = line();
    return out;
}

} // namespace bench::campaign
