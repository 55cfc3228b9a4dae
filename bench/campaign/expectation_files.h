// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/other_hosts.h"

#include <set>
#include <string>
#include <vector>

namespace bench::campaign {

// What an array must hold, as a run's folder keeps it: expectation-NAME.bin, and of each other host
// that wrote it expectation-NAME.host-2-of-4.bin.
std::string expectation_file_name(const std::string& array, HostShare share = {});

struct ExpectationFile {
    std::string path;
    HostShare share; // {0, 1}: nobody else wrote, or the leading host's.
};

// All of a folder, by name.
std::vector<ExpectationFile> expectation_files(const std::string& folder);

// The parts of one host's run into the folder of the run that it became a part of.
void copy_expectations(const std::string& from, HostShare share, const std::string& to);

inline constexpr std::uint32_t hosts_most = 65536;

// The numbers, from 1 on, of the hosts whose share is not among these.
std::set<std::uint32_t> hosts_without_part(const std::vector<HostShare>& present);

} // namespace bench::campaign
