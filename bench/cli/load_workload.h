// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/cli/load_options.h"

#include <boost/program_options/variables_map.hpp>

namespace bench::cli {

// What is driven: the options that describe a load in fio's words, a workload file of any kind, or
// a trace. Sets workload, summary and, where the workload says it, the depth.
void set_workload(const boost::program_options::variables_map& given, LoadRequest& out);

// A workload file, a trace, or --rate_iops: more than one access in flight unless told otherwise.
bool is_paced(const boost::program_options::variables_map& given);

} // namespace bench::cli
