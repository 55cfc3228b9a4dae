// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/array_settings.h"
#include "drivers/array/child.h"
#include "drivers/array/portal_settings.h"
#include "profiles/array_description.h"

#include <memory>
#include <string>
#include <vector>

namespace bench::plan {

// A described emulated array as the settings of the thing itself. Throws UsageError, with the place
// in the file, where the description asks for what the emulator cannot do.
drivers::array::ArraySettings array_settings(const profiles::ArrayDescription& array);

// The doors of the array, their CHAP secrets read from where the description refers to.
std::vector<drivers::array::PortalSettings>
portal_settings(const profiles::ArrayDescription& array);

// Starts the array as a child process of its own.
std::unique_ptr<drivers::array::EmulatedArray>
start_emulated(const profiles::ArrayDescription& array);

} // namespace bench::plan
