// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/hosts/fellowship.h"
#include "drivers/api/clock.h"

namespace bench::campaign {

// Drives this host's part of whatever the leader asks for, until the leader lets it go: 0, or is
// lost: 6. What goes wrong here the leader is told, and decides.
int follow(hosts::Fellowship& fellowship, drivers::Clock& clock);

} // namespace bench::campaign
