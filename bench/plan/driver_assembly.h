// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/url.h"
#include "drivers/api/block_driver.h"
#include "drivers/api/clock.h"
#include "drivers/api/lun_mark.h"
#include "drivers/api/lun_report.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bench::plan {

// Where a CHAP secret is read from when a session is opened; never the secret itself.
struct SecretPlace {
    std::string file;        // First line; wins over the environment.
    std::string environment; // Name of a variable.
    bool is_named = false;   // By somebody, not by default: then it must hold a secret.
};

// Of several paths: whether all must be there, or one is enough.
enum class PathsWanted : std::uint8_t { all, any };

struct DriverOptions {
    std::size_t depth = 32;
    std::string initiator_name = "iqn.2026-01.org.arraybench:host"; // iSCSI
    std::string chap_user;                                          // Empty: the URL's user.
    SecretPlace chap_secret{"", "ARRAYBENCH_CHAP_SECRET"};
    std::string mutual_user; // The name the array answers with; empty: it need not prove itself.
    SecretPlace mutual_secret{"", "ARRAYBENCH_MUTUAL_CHAP_SECRET"};
    bool header_digest = false;
    bool data_digest = false; // NVMe/TCP; iSCSI here knows header digests only.
    drivers::Duration login_timeout = std::chrono::seconds(10);
    drivers::Duration command_timeout = std::chrono::seconds(30);
    // How long a lost session, or with several paths the last usable path, is hoped for.
    drivers::Duration reconnect_timeout = std::chrono::seconds(60);
    bool any_path = false; // With several: non-optimized ones carry as much as optimized ones.
    // How long an array may put a request off (BUSY, a transition) before it ends as `busy`.
    drivers::Duration ready_timeout = std::chrono::seconds(30);
    // The LUN that must answer; none: whichever does. Another one is a SafetyError on every open.
    std::optional<drivers::LunMark> expected;
    // A path among others: a transition of its own is not waited for, another path is taken.
    bool has_other_paths = false;
    PathsWanted paths = PathsWanted::all; // Of a URL with several portals.
    // How often a path's state is asked for besides when the array reports a change; 0 = never.
    drivers::Duration access_interval{0};
};

// One queue to the LUN that the URL names; several portals make one queue over several paths.
// Throws UsageError (URL or options), ArrayError (unreachable, refused), HostError (this host),
// SafetyError (another LUN than `options.expected`).
std::unique_ptr<drivers::BlockDriver>
open_driver(const Url& url, const DriverOptions& options, drivers::Clock& clock);

// One queue over several paths, each URL naming the same LUN by one portal: as open_driver does for
// the portals of one URL, but also where every controller has a target name of its own.
// With `any`, paths that cannot be opened are left out as long as one can.
std::unique_ptr<drivers::BlockDriver> open_paths(const std::vector<Url>& paths,
                                                 const DriverOptions& options,
                                                 drivers::Clock& clock,
                                                 PathsWanted wanted = PathsWanted::all);

struct PathUse {
    std::string portal;
    std::uint64_t completed = 0;
    std::uint64_t moved = 0; // Taken from this path to another.
};
// Of a driver with several paths, in their order; empty for others.
std::vector<PathUse> path_counts(const drivers::BlockDriver& driver);
// Of a driver with several paths: those that it goes without, and why.
std::vector<std::string> missing_paths(const drivers::BlockDriver& driver);

// What the LUN says of itself; writes nothing. Throws as open_driver does. With several paths, what
// it says over the first that answers and how each of them stands; with `options.paths` any, those
// that do not answer too.
drivers::LunReport
probe_paths(const std::vector<Url>& paths, const DriverOptions& options, drivers::Clock& clock);
drivers::LunReport probe_lun(const Url& url, const DriverOptions& options, drivers::Clock& clock);

struct FoundTarget {
    std::string target;
    std::string portal;    // host:port,portal group
    std::string detail{};  // Size and name, a referral, or why it was not asked; mostly empty.
    std::string problem{}; // Of a portal where nobody answers: why; then it names no target.
};

// What the portals of a URL without a target offer, or the LUNs of the target it names. Throws as
// open_driver does, where no portal answers.
std::vector<FoundTarget>
find_targets(const Url& url, const DriverOptions& options, drivers::Clock& clock);

struct FoundLun {
    std::string name; // As a URL has it, or what no URL can name.
    std::string url;  // Empty: no URL can name it.
    std::string type;
    drivers::Identity identity;
    drivers::Geometry geometry; // No blocks: not told.
    std::string note;           // Why something is not told.
};
struct FoundLuns {
    std::vector<FoundLun> luns;
    std::string note; // What is missing from the list.
};

// The LUNs of a URL that names a target and no LUN. Throws as open_driver does.
FoundLuns find_luns(const Url& url, const DriverOptions& options, drivers::Clock& clock);

} // namespace bench::plan
