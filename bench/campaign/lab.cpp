// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/lab.h"

#include "bench/campaign/array_paths.h"
#include "bench/campaign/expectation_files.h"
#include "bench/campaign/lun_search.h"
#include "bench/integrity/written_lun.h"
#include "bench/plan/array_assembly.h"
#include "drivers/api/errors.h"
#include "profiles/file_error.h"
#include "results/folder_files.h"

#include <algorithm>
#include <fmt/format.h>

namespace bench::campaign {

namespace {

std::string transport_name(const plan::Url& url) {
    switch (url.kind) {
    case plan::UrlKind::iscsi:
        return "iSCSI";
    case plan::UrlKind::nvme_tcp:
        return "NVMe/TCP";
    case plan::UrlKind::block_device:
        return "block device";
    case plan::UrlKind::memory:
        return "memory";
    case plan::UrlKind::null:
        break;
    }
    return "null";
}

results::ArrayRecord record_of(const ArrayUnderTest& array, const plan::Plan& plan) {
    const profiles::ArrayDescription& described = array.planned->description;
    results::ArrayRecord out;
    out.name = array.planned->name;
    out.emulated = described.emulated.has_value();
    out.file = array.planned->file;
    out.url = array.paths.front().text();
    out.transport = transport_name(array.paths.front());
    out.vendor = array.report.identity.vendor;
    out.product = array.report.identity.product;
    out.revision = array.report.identity.revision;
    out.serial = array.report.identity.serial;
    out.unique_id = array.report.identity.unique_id;
    out.capacity_bytes = array.capacity_bytes();
    out.block_bytes = array.report.geometry.block_bytes;
    for (const profiles::PortDescription& port : described.ports) {
        out.ports.push_back({port.name, port.kind, port.watched_by});
    }
    for (const auto& [key, value] : array.report.negotiated) {
        out.settings["negotiated " + key] = value;
    }
    for (const auto& [key, value] : array.report.limits) {
        out.settings["limit " + key] = value;
    }
    describe_paths(array, out);
    out.settings["session depth"] = std::to_string(plan.depth);
    out.settings["sessions"] = std::to_string(plan.lanes);
    if (const std::string words = drivers::serial_words(array.report); !words.empty()) {
        out.settings["known by"] = words;
    }
    out.settings["thin"] = array.report.thin ? "yes" : "no";
    out.settings["write cache"] = array.report.write_cache ? "yes" : "no";
    if (described.price) {
        out.price = described.price->amount;
        out.currency = described.price->currency;
    }
    return out;
}

} // namespace

std::unique_ptr<drivers::BlockDriver> ArrayUnderTest::open(std::size_t depth,
                                                           drivers::Clock& clock) const {
    plan::DriverOptions asked = options;
    asked.depth = depth;
    asked.expected = mark();
    return paths.size() > 1 ? plan::open_paths(paths, asked, clock, plan::PathsWanted::any)
                            : plan::open_driver(paths.front(), asked, clock);
}

Lab::Lab(const plan::Plan& plan, const Terms& terms, RunJournal& journal, drivers::Clock& clock)
    : plan_(plan)
    , journal_(journal)
    , clock_(clock)
    , starter_(terms.starter)
    , lease_token_(terms.lease_token)
    , lease_part_(terms.lease_part) {
    for (const plan::PlanArray& planned : plan_.arrays) {
        start(planned);
    }
    for (const ArrayUnderTest& array : arrays_) {
        check_blocks(array);
    }
    for (ArrayUnderTest& array : arrays_) { // All are reached before any is written to.
        clear_for_writing(array, terms.permission);
    }
    for (ArrayUnderTest& array : arrays_) { // The first that writes: all are cleared.
        take_block_lease(array);
    }
}

Lab::Lab(const plan::Plan& plan,
         const std::vector<MetArray>& met,
         RunJournal& journal,
         drivers::Clock& clock)
    : plan_(plan)
    , journal_(journal)
    , clock_(clock) {
    for (const MetArray& one : met) {
        meet(one);
    }
}

void Lab::meet(const MetArray& met) {
    const auto planned = std::find_if(plan_.arrays.begin(),
                                      plan_.arrays.end(),
                                      [&](const auto& one) { return one.name == met.name; });
    if (planned == plan_.arrays.end() || met.urls.empty()) {
        throw drivers::UsageError(fmt::format("{}: not an array of the plan", met.name));
    }
    ArrayUnderTest out;
    out.planned = &*planned;
    out.options = host_options(plan_, *planned, out.host_settings);
    SearchedLun lun;
    lun.wanted = met.identity;
    for (const std::string& url : met.urls) {
        lun.told.push_back(plan::parse_url(url));
    }
    if (planned->description.real) {
        plan::PlanArray every = *planned;
        every.paths = 0;
        lun.described = chosen_paths(every.description.real->urls, every);
    }
    out.paths = find_lun(lun, out.options, clock_);
    plan::DriverOptions asked = out.options;
    asked.expected = drivers::mark_of(met.identity, met.geometry);
    out.report = plan::probe_paths(out.paths, asked, clock_);
    if (plan::writes(plan_)) {
        const std::string& id = met.identity.unique_id;
        const WritePermission word{
            {id.empty() ? met.identity.serial : id}, met.overwrite_data, plan_.seed};
        out.lease_token = met.lease_token;
        take_lease(out);
        const auto driver = out.open(1, clock_);
        check_may_write(*driver, out.report, word);
    }
    arrays_.push_back(std::move(out));
}

Lab::~Lab() {
    for (ArrayUnderTest& array : arrays_) {
        array.block_lease.reset(); // As long as there is an array to give it up at.
    }
    while (!arrays_.empty()) {
        if (arrays_.back().child) {
            arrays_.back().child->stop();
        }
        arrays_.pop_back();
    }
}

void Lab::start(const plan::PlanArray& planned) {
    ArrayUnderTest out;
    out.planned = &planned;
    out.options = host_options(plan_, planned, out.host_settings);
    if (planned.description.emulated) {
        out.child = starter_ ? starter_(planned) : plan::start_emulated(planned.description);
        out.paths = chosen_paths(out.child->urls(planned.lun), planned);
    } else {
        out.paths = chosen_paths(planned.description.real->urls, planned);
    }
    arrays_.push_back(std::move(out)); // From here on it is ended with the others.
    ArrayUnderTest& array = arrays_.back();
    array.report = plan::probe_paths(array.paths, array.options, clock_);
    check_unused_urls(array, clock_);
    check_named(array);
    check_met_before(array);
    journal_.note("array reached",
                  {{"array", planned.name},
                   {"url", array.paths.front().text()},
                   {"paths", std::to_string(array.paths.size())},
                   {"unique_id", array.report.identity.unique_id},
                   {"serial", array.report.identity.serial},
                   {"block_bytes", std::to_string(array.report.geometry.block_bytes)},
                   {"block_count", std::to_string(array.report.geometry.block_count)},
                   {"emulated", array.child ? "yes" : "no"}});
}

// That every access can be whole blocks of this LUN.
void Lab::check_blocks(const ArrayUnderTest& array) const {
    for (const profiles::AnyWorkload& one : plan::all_workloads(plan_)) {
        try {
            profiles::want_whole_blocks(one, array.report.geometry.block_bytes);
        } catch (const profiles::FileError& error) {
            throw drivers::UsageError(fmt::format("{}: workload {}: {}",
                                                  array.planned->name,
                                                  profiles::workload_name(one),
                                                  error.what()));
        }
    }
}

std::uint64_t Lab::usable_bytes(const ArrayUnderTest& array) const {
    const std::uint64_t given_up = plan_.lease == plan::LeaseKind::block ? lease_bytes : 0;
    return array.capacity_bytes() - std::min(array.capacity_bytes(), given_up);
}

std::vector<results::ArrayRecord> Lab::records() const {
    std::vector<results::ArrayRecord> out;
    out.reserve(arrays_.size());
    for (const ArrayUnderTest& array : arrays_) {
        out.push_back(record_of(array, plan_));
    }
    return out;
}

namespace {

std::string expectation_path(const std::string& folder, const ArrayUnderTest& array) {
    return folder + "/" + expectation_file_name(array.planned->name);
}

// Of the array's own LUN, and with a place on it. Throws SafetyError.
std::string checked_growth(const integrity::ExpectationSettings& written,
                           const std::string& path,
                           const ArrayUnderTest& array) {
    const drivers::LunMark lun = array.mark();
    if (!integrity::is_of_lun(written, lun)) {
        throw drivers::SafetyError(fmt::format("{}: is of LUN {}; {} shows {} now",
                                               path,
                                               written.lun,
                                               array.planned->name,
                                               integrity::written_name(lun)));
    }
    return integrity::growth_since_written(written, path, lun);
}

} // namespace

void Lab::save_expectations(const std::string& folder, bool finished) const {
    for (const ArrayUnderTest& array : arrays_) {
        if (array.expectation) {
            array.expectation->save(expectation_path(folder, array), finished);
        }
    }
}

void Lab::load_expectations(const std::string& folder) {
    for (ArrayUnderTest& array : arrays_) {
        const std::string path = expectation_path(folder, array);
        const std::string name = expectation_file_name(array.planned->name);
        if (array.child || !results::is_there_in(folder, name)) {
            continue;
        }
        std::string growth;
        auto found = integrity::Expectation::load(path, [&](const auto& written) {
            growth = checked_growth(written, path, array);
            return true;
        });
        journal_.note("expectation read",
                      {{"array", array.planned->name},
                       {"whole", found->strict_from() == 0 ? "yes" : "no"},
                       {"lun", growth.empty() ? "as it was written" : growth}});
        array.expectation = std::move(found);
    }
}

std::uint64_t Lab::working_set_bytes(const profiles::AnyWorkload& workload) const {
    std::uint64_t out = plan_.working_set_bytes > 0 ? plan_.working_set_bytes
                                                    : profiles::working_set_bytes(workload);
    for (const ArrayUnderTest& array : arrays_) {
        if (out > usable_bytes(array)) {
            throw drivers::UsageError(fmt::format("working set of {} bytes: the LUN of {} has {}{}",
                                                  out,
                                                  array.planned->name,
                                                  usable_bytes(array),
                                                  usable_bytes(array) < array.capacity_bytes()
                                                      ? " besides the lease in its last blocks"
                                                      : ""));
        }
    }
    if (out == 0) {
        for (const ArrayUnderTest& array : arrays_) {
            out = out == 0 ? usable_bytes(array) : std::min(out, usable_bytes(array));
        }
    }
    return out;
}

} // namespace bench::campaign
