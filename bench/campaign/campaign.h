// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/egress_parts.h"
#include "bench/campaign/egress_watch.h"
#include "bench/campaign/lab.h"
#include "bench/campaign/other_hosts.h"
#include "bench/campaign/progress.h"
#include "bench/campaign/round_order.h"
#include "bench/campaign/run_folder.h"
#include "drivers/api/errors.h"
#include "results/run_record.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace bench::campaign {

class RoundRunner;
struct CapacityRound;

struct CampaignOptions {
    DestroyPermission permission;
    ProgressMode progress = ProgressMode::none;
    std::string command;          // How to reproduce it, for the report.
    std::string egress_hindrance; // As egress_hindrance() said before there were threads.
    bool proves_itself = true;    // Runs the self-test first, for the report.
    std::string lease_token;      // Of a part of a run that others drive too; empty = its own.
    std::string lease_part;       // And which part it is, "1-of-4".
    OtherHosts* others = nullptr; // Who drives every load together with this host.
};

// All rounds of a plan, from its first array started to the last file written. What was measured is
// on the disk as soon as it is whole; an interruption, a lost array or kill -9 loses no finished
// round, and running the same folder again goes on with the first one missing.
class Campaign {
public:
    // Throws SafetyError where another process goes on with the run in this folder.
    Campaign(plan::Plan plan, RunFolder folder, CampaignOptions options, drivers::Clock& clock);

    // Returns the run with its exit code. Throws SafetyError and UsageError when nothing may be
    // run, WriteError when the folder cannot be written. What is refused once arrays were driven
    // ends the run instead, as a record.
    results::RunRecord run();

    // Now or in an earlier part of the run.
    bool has_driven_arrays() const { return has_driven_arrays_; }

private:
    struct Earlier { // What the journal says was done before.
        std::map<std::uint32_t, std::string> round_hashes;
        std::map<std::string, double> knees;
        std::int64_t started_utc_ns = 0;
        std::string hosts; // That drove it together; empty = one.
    };

    using RoundShown = std::function<void(const results::IntervalRecord&)>;

    void begin();
    void read_journal();
    void run_in_lab();
    // Does something with one array. One that breaks the protocol is left out from then on: what
    // is measured of the others goes on.
    void with_array(const std::string& array, const std::function<void()>& act);
    bool is_left_out(const std::string& array) const { return left_out_.count(array) != 0; }
    std::string who_was_left_out() const; // Each with what it did.
    void run_rounds(Lab& lab, RoundRunner& runner);
    void run_spare_rounds(Lab& lab, RoundRunner& runner);
    results::RoundRecord run_round(Lab& lab, RoundRunner& runner, const PlannedRound& planned);
    void run_capacity(Lab& lab, RoundRunner& runner);
    results::RoundRecord
    run_capacity_round(Lab& lab, RoundRunner& runner, const CapacityRound& wanted);
    void check_known_memory(const Lab& lab) const;
    void check_capacity_fits(const Lab& lab) const;
    RoundShown shown_in(const std::string& before);
    void keep_round(Lab& lab, const results::RoundRecord& round);
    void precondition(Lab& lab, RoundRunner& runner);
    void precondition(Lab& lab, RoundRunner& runner, ArrayUnderTest& array);
    void cross_check(Lab& lab);
    double rate_for(Lab& lab, RoundRunner& runner, const PlannedRound& planned);
    void check_shares(Lab& lab) const;
    bool is_done(std::uint32_t index, const std::string& array) const;
    drivers::Duration round_length() const;
    drivers::Duration length_left() const;
    void meet_others(const Lab& lab);
    void recall_expectations(Lab& lab);
    void note_end();
    void refused(const drivers::SafetyError& error);
    void watch_quietly(const char* phase, drivers::Duration span);
    void finish();

    plan::Plan plan_;
    RunFolder folder_;
    CampaignOptions options_;
    drivers::Clock& clock_;
    RunJournal journal_;
    Progress progress_;
    std::vector<PlannedRound> order_;
    Earlier earlier_;
    EarlierEgress egress_before_;
    std::unique_ptr<EgressWatch> egress_; // None: the plan does not ask for it.
    results::RunRecord record_;
    bool has_driven_arrays_ = false;
    std::map<std::string, std::string> left_out_; // Arrays, and what each did.
};

// Runs the campaign, then seals its folder with a manifest. Takes the folder away again where a run
// was refused before it drove an array: it would be in the corrected command's way.
results::RunRecord run_campaign(const plan::Plan& plan,
                                const RunFolder& folder,
                                const CampaignOptions& options,
                                drivers::Clock& clock);

// How long a plan's rounds take at least.
drivers::Duration planned_length(const plan::Plan& plan);

} // namespace bench::campaign
