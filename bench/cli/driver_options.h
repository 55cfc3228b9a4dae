// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/driver_assembly.h"

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>

namespace bench::cli {

// How a LUN is reached, for every command that takes a URL: time-outs, CHAP, digest, initiator.
boost::program_options::options_description driver_option_group();

// Throws drivers::UsageError: option, value, what was wanted. Depth stays at its default.
plan::DriverOptions driver_options(const boost::program_options::variables_map& given);

} // namespace bench::cli
