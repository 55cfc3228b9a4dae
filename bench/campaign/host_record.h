// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

namespace bench::campaign {

// What this host is: kernel, processors, memory, clock, interfaces, versions.
std::map<std::string, std::string> describe_host();

// As JSON for host.json.
std::string host_text(const std::map<std::string, std::string>& host);

} // namespace bench::campaign
