// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/written_lun.h"

#include "drivers/api/errors.h"

#include <fmt/format.h>

namespace bench::integrity {

namespace {

std::string text_of(std::uint64_t block_count, std::uint32_t block_bytes) {
    return fmt::format("{} blocks of {} bytes", block_count, block_bytes);
}

void check_place(const ExpectationSettings& written,
                 const std::string& file,
                 const drivers::LunMark& now) {
    const std::uint64_t capacity = now.block_count * now.block_bytes;
    if (written.from_bytes > capacity || written.size_bytes > capacity - written.from_bytes) {
        throw drivers::SafetyError(
            fmt::format("{}: of {} bytes from byte {} of LUN {}, which has {} now: not as it was "
                        "written",
                        file,
                        written.size_bytes,
                        written.from_bytes,
                        written.lun,
                        text_of(now.block_count, now.block_bytes)));
    }
    if (written.unit_bytes % now.block_bytes != 0) {
        throw drivers::SafetyError(
            fmt::format("{}: of writes of {} bytes to LUN {}, whose blocks have {} bytes now: not "
                        "as it was written",
                        file,
                        written.unit_bytes,
                        written.lun,
                        now.block_bytes));
    }
}

} // namespace

std::string written_name(const drivers::LunMark& lun) {
    return !lun.unique_id.empty() ? lun.unique_id
           : lun.serial.empty()   ? ""
                                  : "serial " + lun.serial;
}

bool is_of_lun(const ExpectationSettings& written, const drivers::LunMark& lun) {
    return written.lun == written_name(lun) || (written.lun.empty() && lun.unique_id.empty());
}

std::string growth_since_written(const ExpectationSettings& written,
                                 const std::string& file,
                                 const drivers::LunMark& now) {
    const bool is_known = written.block_bytes != 0;
    const bool has_other_blocks = is_known && written.block_bytes != now.block_bytes;
    if (has_other_blocks || (is_known && now.block_count < written.block_count)) {
        throw drivers::SafetyError(
            fmt::format("{}: LUN {} {}: it had {} when it was written, and has {} now",
                        file,
                        written.lun,
                        has_other_blocks ? "has other blocks" : "has shrunk",
                        text_of(written.block_count, written.block_bytes),
                        text_of(now.block_count, now.block_bytes)));
    }
    check_place(written, file, now);
    return is_known && now.block_count > written.block_count
               ? fmt::format("LUN {} has grown since it was written: it had {}, and has {} now",
                             written.lun,
                             text_of(written.block_count, written.block_bytes),
                             text_of(now.block_count, now.block_bytes))
               : "";
}

} // namespace bench::integrity
