// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/host_letters.h"
#include "bench/campaign/other_hosts.h"
#include "bench/hosts/fellowship.h"

#include <vector>

namespace bench::campaign {

// Leads other hosts through a run: they get the plan and where the arrays are, open their lanes for
// each load that is announced, begin at the instant that the leader names on their own clocks, and
// hand in their rounds, which become one. A host that is lost ends the run; what it had not handed
// in is missing, what the others have is kept.
class HostLeader final : public OtherHosts {
public:
    // `overwrite_data`: as the user allowed it for this host.
    HostLeader(hosts::Fellowship& fellowship, bool overwrite_data, const drivers::Clock& clock);
    ~HostLeader() override; // Lets the others go.
    HostLeader(const HostLeader&) = delete;
    HostLeader& operator=(const HostLeader&) = delete;

    HostShare share() const noexcept override { return {0, fellowship_.size()}; }
    std::map<std::string, std::string> meet(const RunFolder& folder, const Lab& lab) override;
    void announce(const ArrayUnderTest& array, const LoadOrder& order) override;
    drivers::TimePoint start() override;
    void started(drivers::TimePoint at) override { started_ = at; }
    void gather(results::RoundRecord& round, std::vector<WatchedAccess>& accesses) override;
    void announce_verify(const ArrayUnderTest& array,
                         const plan::PlanPhase& phase,
                         const results::RoundRecord& round) override;
    void gather_verified(results::RoundRecord& round) override;
    void announce_precondition(const ArrayUnderTest& array) override;
    std::uint64_t gather_preconditioned() override;
    void recall_expectations(const std::string& folder) override;
    void gather_expectations(const std::string& folder) override;
    std::string lost() const override {
        return fellowship_.lost().empty() ? stopped_ : fellowship_.lost();
    }
    void part() noexcept override;

private:
    void order(hosts::LetterKind kind, const std::string& body);
    void order_one(std::size_t link, hosts::LetterKind kind, const std::string& body);
    void cancel_pending();
    bool comes_from_elsewhere() const;
    std::string answer(hosts::Link& link, hosts::LetterKind wanted, drivers::Duration patience);
    void give_expectation(std::size_t link, std::size_t array, const std::string& path);
    void take_expectation(std::size_t link, std::size_t array, const std::string& path);
    void add_part(std::size_t place,
                  const RoundLetter& letter,
                  std::int64_t leader_utc_ns,
                  results::RoundRecord& round);

    hosts::Fellowship& fellowship_;
    bool overwrite_data_;
    const drivers::Clock& clock_;
    const Lab* lab_ = nullptr;
    std::uint64_t number_ = 0; // Of the last order.
    bool has_parted_ = false;
    bool is_pending_ = false; // It was announced, and nobody has been told to begin.
    bool wants_accesses_ = false;
    drivers::TimePoint started_{};
    std::string stopped_; // A host that ended its load by itself.
};

} // namespace bench::campaign
