// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/stimulus_file.h"

#include "bench/egress/utc.h"
#include "profiles/strict_json.h"

#include <algorithm>

namespace bench::egress {

namespace {

constexpr std::string_view schema = "arraybench/stimuli/1";

std::int64_t instant_of(const profiles::JsonValue& value) {
    const auto out = parse_utc(value.text());
    if (!out) {
        value.fail("an instant like \"2026-01-31T23:59:59.5Z\"");
    }
    return *out;
}

std::vector<bool> pairs_of(const profiles::JsonValue& value) {
    const std::string text = value.text();
    if (text.empty() || text.size() > 100'000 ||
        text.find_first_not_of("01") != std::string::npos) {
        value.fail("a 1 for each pair whose first slot had the stimulus, a 0 for each other");
    }
    std::vector<bool> out;
    for (const char letter : text) {
        out.push_back(letter == '1');
    }
    return out;
}

Stimulus stimulus_of(const profiles::JsonValue& value) {
    profiles::JsonObject in = value.object();
    Stimulus out;
    out.arm = in.required("arm").text();
    const auto lawful = in.optional("lawful");
    out.lawful = lawful && lawful->flag();
    out.slot_ns =
        in.required("slot").duration(std::chrono::milliseconds(10), std::chrono::hours(24)).count();
    out.from_ns = instant_of(in.required("from"));
    const auto pairs = in.optional("pairs");
    const auto instants = in.optional("instants");
    if (pairs.has_value() == instants.has_value()) {
        value.fail(R"(either "pairs" or "instants")");
    }
    if (pairs) {
        out.on_first = pairs_of(*pairs);
    } else {
        for (const profiles::JsonValue& instant : instants->items()) {
            out.instants_ns.push_back(instant_of(instant));
        }
        if (out.instants_ns.empty()) {
            instants->fail("at least one instant");
        }
    }
    if (const auto hash = in.optional("seed_sha256")) {
        out.seed_sha256 = hash->text();
    }
    in.finish();
    return out;
}

Journal read(const profiles::JsonDocument& document) {
    profiles::JsonObject in = document.root_object(schema);
    Journal out;
    if (const auto phases = in.optional("phases")) {
        for (const profiles::JsonValue& item : phases->items()) {
            profiles::JsonObject phase = item.object();
            out.phases.push_back(
                {phase.required("name").text(), instant_of(phase.required("from"))});
            phase.finish();
            if (out.phases.size() > 1 &&
                out.phases.back().from_ns < out.phases[out.phases.size() - 2].from_ns) {
                item.fail("phases in the order of their instants");
            }
        }
    }
    if (const auto stimuli = in.optional("stimuli")) {
        for (const profiles::JsonValue& item : stimuli->items()) {
            out.stimuli.push_back(stimulus_of(item));
        }
    }
    in.finish();
    return out;
}

} // namespace

Journal read_journal(const std::string& path) {
    return read(profiles::JsonDocument::read_file(path));
}

Journal parse_journal(std::string_view text, const std::string& name) {
    return read(profiles::JsonDocument::parse(text, name));
}

} // namespace bench::egress
