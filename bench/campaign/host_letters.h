// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/round_runner.h"
#include "bench/campaign/watched_source.h"
#include "bench/hosts/letter.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What leader and followers write to each other, as text. Each reader throws HostLost for a letter
// that makes no sense: whoever writes such is not one of us.
namespace bench::campaign {

// Name within the run's folder -> content.
using PlanFiles = std::map<std::string, std::string>;
inline constexpr const char* canary_key_file = "canary-key.json";
std::string plan_letter(const PlanFiles& files);
PlanFiles plan_from(std::string_view letter);

std::string arrays_letter(const std::vector<MetArray>& arrays);
std::vector<MetArray> arrays_from(std::string_view letter);

// An order, or an answer to one, carries its number, so that an answer that comes too late is not
// taken for another's.
struct Ordered {
    std::uint64_t number = 0;
    std::string body;
};
std::string ordered_letter(std::uint64_t number, std::string_view body);
Ordered ordered_from(std::string_view letter);

struct LoadLetter {
    std::size_t array = 0;
    LoadOrder order;
};
std::string load_letter(const LoadLetter& load);
LoadLetter load_from(std::string_view letter, const plan::Plan& plan);

// What a verify phase must know: the array, and what the leader did to it.
struct VerifyLetter {
    std::size_t array = 0;
    std::int64_t time_limit_ns = 0;
    std::optional<std::uint64_t> cache_bytes; // As the plan says, if it does.
    std::vector<std::string> disturbances;
};
std::string verify_letter(const VerifyLetter& verify);
VerifyLetter verify_from(std::string_view letter);

// Which piece of what an array must hold is wanted.
struct ExpectationLetter {
    std::size_t array = 0;
    std::uint64_t from_bytes = 0;
};
std::string expectation_letter(const ExpectationLetter& wanted);
ExpectationLetter expectation_from(std::string_view letter);

// The answer: what a saved expectation holds from there on; empty = that was all.
std::string expectation_piece(const std::string& path, std::uint64_t from_bytes);

// A piece of what a follower had told before the run was interrupted; empty = that was all.
struct RecallLetter {
    ExpectationLetter place;
    std::string piece;
};
std::string recall_letter(const RecallLetter& recall);
RecallLetter recall_from(std::string_view letter);

// A follower's round, and when it began on the follower's clock.
struct RoundLetter {
    std::int64_t started_ns = 0;
    results::RoundRecord round;
};
std::string round_letter(const RoundLetter& round);
RoundLetter round_from(std::string_view letter);

std::string accesses_letter(const std::vector<WatchedAccess>& accesses);
std::vector<WatchedAccess> accesses_from(std::string_view letter);

std::string words_letter(const std::map<std::string, std::string>& words);
std::map<std::string, std::string> words_from(std::string_view letter);

// A failure keeps its kind, which decides who must act.
std::string failure_letter(const std::exception& error);
[[noreturn]] void throw_failure(std::string_view letter, const std::string& who);

} // namespace bench::campaign
