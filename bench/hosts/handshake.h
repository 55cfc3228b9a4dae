// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/hosts/sealing.h"

#include <cstddef>
#include <string>

namespace bench::hosts {

// What the two ends say before they trust each other.
inline constexpr std::size_t challenge_bytes = 16; // Leader: drawn for this newcomer.
inline constexpr std::size_t proof_bytes = 16;
inline constexpr std::size_t answer_bytes =
    8 + proof_bytes; // Newcomer: rank in hexadecimal, proof.

// All keys of one connection, which both ends find by themselves.
struct ConnectionKeys {
    SealKey newcomer_proof;
    SealKey leader_proof;
    SealKey to_leader;
    SealKey to_newcomer;
};

std::string drawn_challenge(); // Throws HostError.
ConnectionKeys keys_of(const SealKey& shared, const std::string& challenge);

// A few bytes, which fit into any socket's buffer. False: they did not.
bool say(int descriptor, const std::string& text);
void speak_at_once(int descriptor); // Without waiting for more to say.

} // namespace bench::hosts
