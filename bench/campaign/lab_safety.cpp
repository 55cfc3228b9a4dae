// SPDX-License-Identifier: Apache-2.0
// Of the lab's arrays: that each is the one it is taken for, may be written to, and is nobody
// else's.
#include "bench/campaign/interruption.h"
#include "bench/campaign/lab.h"
#include "drivers/api/errors.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>

namespace bench::campaign {

// What the plan and the array's file say of who the LUN is must be true, each for itself, whether
// the plan writes or not: else another LUN would be measured under this one's name.
void Lab::check_named(const ArrayUnderTest& array) const {
    if (array.child) {
        return;
    }
    const plan::PlanArray& planned = *array.planned;
    const drivers::LunReport& report = array.report;
    const auto check = [&](const std::string& named, const std::string& where) {
        if (!named.empty() && !names_lun(named, report.identity, report.other_ids)) {
            throw drivers::SafetyError(fmt::format("{}: {} is {}, but {} is {}",
                                                   planned.name,
                                                   where,
                                                   named,
                                                   report.url,
                                                   drivers::text_of(array.mark())));
        }
    };
    check(planned.description.real->unique_id, planned.file + ": \"unique_id\"");
    check(planned.identity, "the plan's \"identity\"");
}

// A run that goes on goes on with the LUNs it began with, whether it writes to them or not.
void Lab::check_met_before(const ArrayUnderTest& array) const {
    for (const results::JournalEntry& entry : journal_.found()) {
        if (entry.kind != "array reached" || entry.field("array") != array.planned->name ||
            entry.field("emulated") != "no" || entry.field("block_count").empty()) {
            continue;
        }
        drivers::LunMark before{entry.field("unique_id"), entry.field("serial")};
        before.block_bytes = static_cast<std::uint32_t>(
            std::strtoul(entry.field("block_bytes").c_str(), nullptr, 10));
        before.block_count = std::strtoull(entry.field("block_count").c_str(), nullptr, 10);
        if (!drivers::is_same_lun(before, array.mark())) {
            throw drivers::SafetyError(
                fmt::format("{}: the run began with another LUN: {}",
                            array.planned->name,
                            drivers::another_lun_text(before, array.mark())));
        }
    }
}

WritePermission Lab::permission_for(const ArrayUnderTest& array,
                                    const DestroyPermission& permission) const {
    const plan::PlanArray& planned = *array.planned;
    WritePermission out;
    out.seed = plan_.seed;
    if (array.child) {
        out.identities = array.child->identities();
        return out;
    }
    const std::string& named =
        planned.identity.empty() ? planned.description.real->unique_id : planned.identity;
    if (named.empty()) {
        throw drivers::SafetyError(fmt::format(
            "{}: the plan writes, but names no \"identity\" of this array's LUN", planned.name));
    }
    const bool destroys = std::any_of(
        permission.identities.begin(), permission.identities.end(), [&](const auto& one) {
            return names_lun(one, array.report.identity, array.report.other_ids);
        });
    if (!destroys) {
        throw drivers::SafetyError(
            fmt::format("{}: the plan writes to {}, which no emulated array of this run is; if "
                        "it may be destroyed, say --destroy {}",
                        planned.name,
                        named,
                        named));
    }
    out.identities = {named};
    out.overwrite_data = permission.overwrite_data;
    return out;
}

void Lab::clear_for_writing(ArrayUnderTest& array, const DestroyPermission& permission) {
    if (!plan::writes(plan_)) {
        return;
    }
    const WritePermission word = permission_for(array, permission);
    array.lease_token = lease_token_;
    take_lease(array);
    const auto driver = array.open(1, clock_);
    check_may_write(*driver, array.report, word);
    journal_.note("cleared for writing",
                  {{"array", array.planned->name}, {"unique_id", array.report.identity.unique_id}});
}

// What the run made itself nobody else reaches.
void Lab::take_lease(ArrayUnderTest& array) const {
    const plan::UrlKind kind = array.paths.front().kind;
    if (!array.child && kind != plan::UrlKind::memory && kind != plan::UrlKind::null) {
        if (!lease_part_.empty()) { // Its companions have the token, a second of it has not.
            array.part_lease.emplace(array.mark(), new_lease_token(), lease_part_);
        }
        array.lease.emplace(array.mark(), array.lease_token);
    }
}

void Lab::take_block_lease(ArrayUnderTest& array) {
    if (plan_.lease != plan::LeaseKind::block || !plan::writes(plan_)) {
        return;
    }
    BlockLeaseTerms terms;
    terms.token = lease_token_;
    terms.who = lease_holder();
    terms.is_shared = !lease_part_.empty();
    terms.lost = [this, name = array.planned->name](const std::string& why) {
        {
            const std::lock_guard hold(lease_lock_);
            lease_lost_ = fmt::format("{}: {}", name, why);
        }
        Interruption::raise();
    };
    plan::DriverOptions options = array.options;
    options.expected = array.mark();
    options.depth = 1;
    options.reconnect_timeout = terms.beat_every; // One that hangs is opened anew.
    options.command_timeout = terms.beat_every;
    const auto open = [paths = array.paths, options, this] {
        return paths.size() > 1 ? plan::open_paths(paths, options, clock_, plan::PathsWanted::any)
                                : plan::open_driver(paths.front(), options, clock_);
    };
    try {
        array.block_lease = std::make_unique<BlockLease>(open, clock_, std::move(terms));
    } catch (const drivers::SafetyError& error) {
        throw drivers::SafetyError(fmt::format("{}: {}", array.planned->name, error.what()));
    }
    journal_.note("lease taken", {{"array", array.planned->name}});
}

std::string Lab::lease_lost() const {
    const std::lock_guard hold(lease_lock_);
    return lease_lost_;
}

} // namespace bench::campaign
