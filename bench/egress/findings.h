// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/analysis.h"
#include "bench/egress/multiplicity.h"

#include <map>
#include <string>
#include <vector>

namespace bench::egress {

// One thing that should not be, with all that a reader needs to look for himself.
struct EgressFinding {
    std::string kind;       // "unlisted flow", "beacon", "DNS tunnel", ...
    std::string severity;   // "finding" or "note"
    std::string summary;    // One sentence
    std::string test;       // Which rule or test, with its number
    std::string confidence; // "certain", "high", "medium", "low"
    std::string phase;
    std::int64_t first_ns = 0;
    std::int64_t last_ns = 0;
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    std::string filter; // Wireshark display filter
    std::string community_id;
    FlowKey key;
    std::map<std::string, std::string> details;
};

struct DetectorSettings {
    double false_discovery_rate = 0.05; // Benjamini-Hochberg, within each family
    DnsLimits dns;
    double long_connection_share = 0.5; // Of the time watched
    std::int64_t long_connection_ns = 3'600'000'000'000;
};

// Everything that the books and the detectors have to say, worst first. Deterministic.
std::vector<EgressFinding> draw_findings(const Analysis& analysis,
                                         const DetectorSettings& settings);

// The smallest rate or longest period that this capture could have shown, one sentence per
// detector.
std::vector<std::string> detectable(const Analysis& analysis, const DetectorSettings& settings);

// What the family of beacon tests looks at.
struct BeaconFamily {
    std::size_t hypotheses = 0; // One a service
    std::size_t enough = 0;     // Of them with data enough to be tested
};
BeaconFamily beacon_family(const Analysis& analysis);

// Families, each in its own file.
void find_unlisted(const Analysis& analysis, std::vector<EgressFinding>& out);
void find_budgets(const Analysis& analysis, std::vector<EgressFinding>& out);
void find_beacons(const Analysis& analysis,
                  const DetectorSettings& settings,
                  std::vector<EgressFinding>& out);
void find_tunnels(const Analysis& analysis,
                  const DetectorSettings& settings,
                  std::vector<EgressFinding>& out);
// Tables that were full: what they left out, no detector has looked at.
void find_full_tables(const Analysis& analysis, std::vector<EgressFinding>& out);
void find_oddities(const Analysis& analysis,
                   const DetectorSettings& settings,
                   std::vector<EgressFinding>& out);

EgressFinding finding_of(const FlowKey& key, std::string kind, std::string summary);
std::string seconds_text(double nanoseconds);
std::string bytes_text(std::uint64_t bytes);

} // namespace bench::egress
