// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/interception/parameters.h"
#include "profiles/source.h"
#include "profiles/synthetic_source.h"

#include <memory>

namespace profiles::interception {

// The platform as a source: its plant, its mediation buffer and everybody who reads, on a share of
// the LUN. Writers, targets and zones are divided among shards; each shard is whole in itself.
// Throws FileError when the working set is too small, or when there are more shards than writers.
std::unique_ptr<Source> make_interception_source(const Parameters& parameters,
                                                 const WorkingSet& set,
                                                 std::uint64_t seed,
                                                 Shard shard);

WorkingSet part_of(const WorkingSet& set, Shard shard);   // What one shard keeps to
std::uint32_t writer_count(const Parameters& parameters); // Of the whole platform, at least one
std::uint64_t largest_access_bytes(const Parameters& parameters); // That carries data

} // namespace profiles::interception
