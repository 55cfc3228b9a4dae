// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/stimulus.h"

#include <string>
#include <string_view>
#include <vector>

namespace bench::egress {

// When phases began and stimuli came, as a run's journal has it.
struct Journal {
    std::vector<PhaseMark> phases; // Ascending
    std::vector<Stimulus> stimuli;
};

// Throws profiles::FileError.
Journal read_journal(const std::string& path);
Journal parse_journal(std::string_view text, const std::string& name);

} // namespace bench::egress
