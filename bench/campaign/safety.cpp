// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/safety.h"

#include "bench/campaign/lease_note.h"
#include "bench/campaign/signatures.h"
#include "bench/campaign/whole_access.h"
#include "bench/integrity/stamp.h"
#include "drivers/api/errors.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <random>

namespace bench::campaign {

namespace {

constexpr int sampled_blocks = 256;

std::string lun_name(const drivers::LunReport& report) {
    const drivers::Identity& identity = report.identity;
    return fmt::format("{} ({} {}, unique id {}, serial {})",
                       report.url,
                       identity.vendor.empty() ? "unknown vendor" : identity.vendor,
                       identity.product,
                       identity.unique_id.empty() ? "none" : identity.unique_id,
                       identity.serial.empty() ? "none" : identity.serial);
}

bool is_ours_or_empty(std::span<const std::byte> block) {
    for (std::size_t at = 0; at + integrity::sector_bytes <= block.size();
         at += integrity::sector_bytes) {
        const auto sector = block.subspan(at).first<integrity::sector_bytes>();
        if (!integrity::is_zero(sector) && !integrity::is_own_mark(sector) &&
            !read_lease_note(sector)) {
            return false;
        }
    }
    return true;
}

// The block that holds somebody's data; block_count if none was found.
std::uint64_t foreign_block(drivers::BlockDriver& driver, std::uint64_t seed) {
    const drivers::Geometry& geometry = driver.geometry();
    std::mt19937_64 chance(seed);
    std::vector<std::byte> block(geometry.block_bytes);
    for (int sample = 0; sample < sampled_blocks; ++sample) {
        const std::uint64_t lba = chance() % geometry.block_count;
        read_whole(driver, lba * geometry.block_bytes, block);
        if (!is_ours_or_empty(block)) {
            return lba;
        }
    }
    return geometry.block_count;
}

void check_nobodys_data(drivers::BlockDriver& driver, const std::string& name, std::uint64_t seed) {
    constexpr const char* way_out =
        "; if it may be destroyed, say so with --destroy ID --overwrite-data";
    const std::string signature = find_signature(driver);
    if (!signature.empty()) {
        throw drivers::SafetyError(
            fmt::format("{} carries {}: not written to{}", name, signature, way_out));
    }
    const std::uint64_t lba = foreign_block(driver, seed);
    if (lba < driver.geometry().block_count) {
        throw drivers::SafetyError(
            fmt::format("{} carries data without this bench's mark (block {}), somebody's or of an "
                        "earlier load without --verify: not written to{}",
                        name,
                        lba,
                        way_out));
    }
}

} // namespace

void check_may_write(drivers::BlockDriver& driver,
                     const drivers::LunReport& report,
                     const WritePermission& permission) {
    const std::string name = lun_name(report);
    // What the session itself was told counts, not what another one was.
    const drivers::Identity& identity = driver.identity();
    if (driver.geometry().block_count == 0 || driver.geometry().block_bytes == 0) {
        throw drivers::SafetyError(name + " has no blocks");
    }
    const bool is_looked_at = identity.unique_id == report.identity.unique_id;
    const auto is_named = [&](const std::string& named) {
        return names_lun(
            named, identity, is_looked_at ? report.other_ids : std::vector<std::string>{});
    };
    if (std::none_of(permission.identities.begin(), permission.identities.end(), is_named)) {
        throw drivers::SafetyError(fmt::format(
            "{} is not named as one to write to; if it may be destroyed, say --destroy {}",
            name,
            identity.unique_id.empty() ? identity.serial : identity.unique_id));
    }
    if (identity.unique_id.empty() && !report.serial_shared_with.empty()) {
        throw drivers::SafetyError(
            fmt::format("{} has no unique id, and its serial is also that of {}: it names no LUN, "
                        "and nothing else does",
                        name,
                        fmt::join(report.serial_shared_with, ", ")));
    }
    if (!report.in_use.empty()) { // No word of anybody's makes this right.
        throw drivers::SafetyError(
            fmt::format("{} is in use on this host, {}: not written to", name, report.in_use));
    }
    if (report.write_protected) {
        throw drivers::SafetyError(name + " is write-protected");
    }
    if (permission.overwrite_data) {
        return;
    }
    if (!report.reserved_by.empty()) {
        throw drivers::SafetyError(
            fmt::format("{} is reserved by another initiator (key {}): not written to; if it may "
                        "be, say so with --destroy ID --overwrite-data",
                        name,
                        report.reserved_by));
    }
    check_nobodys_data(driver, name, permission.seed);
}

} // namespace bench::campaign
