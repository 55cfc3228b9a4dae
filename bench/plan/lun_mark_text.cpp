// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/lun_mark_text.h"

#include <charconv>
#include <fmt/format.h>

namespace bench::plan {

std::string lun_mark_text(const drivers::LunMark& mark) {
    return fmt::format(
        "{}x{},{},{}", mark.block_count, mark.block_bytes, mark.unique_id, mark.serial);
}

std::optional<drivers::LunMark> lun_mark_from(std::string_view text) {
    drivers::LunMark out;
    const char* const end = text.data() + text.size();
    const auto count = std::from_chars(text.data(), end, out.block_count);
    if (count.ec != std::errc{} || count.ptr == end || *count.ptr != 'x') {
        return std::nullopt;
    }
    const auto bytes = std::from_chars(count.ptr + 1, end, out.block_bytes);
    if (bytes.ec != std::errc{} || bytes.ptr == end || *bytes.ptr != ',') {
        return std::nullopt;
    }
    const std::string_view names(bytes.ptr + 1, static_cast<std::size_t>(end - bytes.ptr - 1));
    const std::size_t comma = names.find(','); // A serial may hold another.
    if (comma == std::string_view::npos) {
        return std::nullopt;
    }
    out.unique_id = names.substr(0, comma);
    out.serial = names.substr(comma + 1);
    return out;
}

} // namespace bench::plan
