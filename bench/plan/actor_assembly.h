// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/actor/actor_settings.h"
#include "profiles/array_description.h"

#include <vector>

namespace bench::plan {

// What an emulated array says out of its own ports, as its file declares it: each actor's kind with
// what its parameters change of the usual. Throws FileError naming the place.
std::vector<drivers::array::ActorSettings> actor_settings(const profiles::ArrayDescription& array);

} // namespace bench::plan
