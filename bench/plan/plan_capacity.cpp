// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/plan_capacity.h"

#include "bench/plan/plan_check.h"
#include "bench/plan/plan_metric.h"
#include "bench/plan/plan_phase.h"
#include "profiles/interception/interception_source.h"
#include "profiles/interception/streams.h"

#include <algorithm>
#include <fmt/format.h>

namespace bench::plan {

using profiles::JsonObject;
using profiles::JsonValue;
using profiles::interception::Parameters;
using profiles::interception::PlatformWorkload;
using namespace std::chrono_literals;

namespace {

constexpr PlanDuration longest = 7 * 24h;
constexpr double buffers_min = 5;
constexpr std::uint32_t rounds_max = 100;

double read_targets(const JsonValue& value) {
    const LoadPoint point = read_point(value);
    if (point.kind != PointKind::targets) {
        value.fail(R"(a number of targets, like "200 targets")");
    }
    return point.value;
}

PlatformWorkload
read_platform(const JsonValue& value, const std::string& path, const PlanWords& words) {
    auto any = profiles::read_any_workload(path, words.files);
    set_buffer(any, words.buffer);
    const auto* platform = std::get_if<PlatformWorkload>(&any);
    if (platform == nullptr) {
        value.fail("the file of a platform workload: only a platform has targets");
    }
    return *platform;
}

class CapacityReader {
public:
    CapacityReader(const JsonValue& value, const PlanWords& words)
        : value_(value)
        , object_(value.object())
        , words_(words) {}

    PlanCapacity read() {
        out_.bisect = object_.required("mode").choice<bool>({{"ramp", false}, {"bisect", true}});
        out_.from = read_targets(object_.required("from"));
        const JsonValue to = object_.required("to");
        out_.to = read_targets(to);
        if (out_.to <= out_.from) {
            to.fail(R"(more targets than "from")");
        }
        const JsonValue resolution = object_.required("resolution");
        out_.resolution = resolution.fraction();
        if (out_.resolution < 0.001) {
            resolution.fail("a resolution of at least 0.1 %");
        }
        if (const auto ramp = object_.optional("ramp")) {
            out_.ramp = ramp->duration(0ns, 24h);
        }
        out_.duration = object_.required("duration").duration(1ms, longest);
        out_.rounds = out_.bisect ? 3 : 1;
        if (const auto rounds = object_.optional("rounds")) {
            out_.rounds = static_cast<std::uint32_t>(rounds->whole(1, rounds_max));
            if (!out_.bisect) {
                rounds->fail(R"(no "rounds" in a ramp: each number is tried until it is clear)");
            }
        }
        read_variants();
        if (const auto least = object_.optional("at_least")) {
            out_.at_least = read_targets(*least);
        }
        object_.finish();
        return std::move(out_);
    }

private:
    void read_variants() {
        JsonObject workload = object_.required("workload").object();
        CapacityVariant base;
        base.file = words_.path(workload.required("file"));
        base.workload = read_platform(workload.self(), base.file, words_);
        const auto name = workload.optional("name");
        base.name = name ? words_.name(*name) : base.workload.name;
        workload.finish();
        base.duration = out_.duration;
        base.limits = read_limits(object_.required("limits"));
        out_.variants.push_back(std::move(base));
        check_length(out_.variants.front(), value_);
        if (const auto list = object_.optional("variants")) {
            for (const JsonValue& item : list->items()) {
                out_.variants.push_back(read_variant(item));
            }
        }
    }

    CapacityVariant read_variant(const JsonValue& item) {
        JsonObject object = item.object();
        CapacityVariant out = out_.variants.front();
        out.name = words_.name(object.required("name"));
        for (const CapacityVariant& other : out_.variants) {
            if (other.name == out.name) {
                item.fail(R"(a "name" of its own; taken is )" + out.name);
            }
        }
        bool differs = false;
        if (const auto file = object.optional("file")) {
            out.file = words_.path(*file);
            out.workload = read_platform(*file, out.file, words_);
            differs = true;
        }
        for (const char* key : {"scrub", "backup", "purge"}) {
            if (const auto flag = object.optional(key)) {
                out.switched[key] = flag->flag();
                differs = true;
            }
        }
        if (const auto phases = object.optional("phases")) {
            out.duration = 0ns;
            out.phases = read_phase_list(*phases, out.duration);
            check_phase_order(out.phases, *phases);
            differs = true;
        }
        if (const auto limits = object.optional("limits")) {
            out.limits = read_limits(*limits);
        }
        object.finish();
        if (!differs) {
            item.fail(R"(what is different: "file", "scrub", "backup", "purge" or "phases")");
        }
        check_length(out, item);
        return out;
    }

    // A round that ends before the buffer could overflow shows a large buffer, not a fast array.
    static void check_length(const CapacityVariant& variant, const JsonValue& at) {
        const double buffer_s = variant.workload.parameters.storage.buffer_seconds;
        const double seconds = std::chrono::duration<double>(variant.duration).count();
        if (seconds < buffers_min * buffer_s) {
            at.fail(fmt::format("rounds of at least {:g} s for {}: five times its buffer of {:g} s",
                                buffers_min * buffer_s,
                                variant.name,
                                buffer_s));
        }
    }

    static std::vector<PlanLimit> read_limits(const JsonValue& list) {
        std::vector<std::string> names;
        for (const auto& stream : profiles::interception::platform_streams()) {
            names.push_back(stream.name);
        }
        std::vector<PlanLimit> out;
        for (const JsonValue& item : list.items()) {
            PlanLimit limit = read_limit(item);
            if (!limit.workload.empty() || !limit.point.empty()) {
                item.fail("no workload and no load point: it holds at every number of targets");
            }
            if (!limit.metric.stream.empty() &&
                std::find(names.begin(), names.end(), limit.metric.stream) == names.end()) {
                fail_stream(limit.metric.stream, names, item);
            }
            out.push_back(std::move(limit));
        }
        return out;
    }

    const JsonValue& value_;
    JsonObject object_;
    const PlanWords& words_;
    PlanCapacity out_;
};

} // namespace

void set_buffer(profiles::AnyWorkload& workload, const std::optional<PlanDuration>& buffer) {
    auto* platform = std::get_if<PlatformWorkload>(&workload);
    if (platform != nullptr && buffer) {
        platform->parameters.storage.buffer_seconds =
            std::chrono::duration<double>(*buffer).count();
    }
}

PlanCapacity read_capacity(const JsonValue& value, const PlanWords& words) {
    return CapacityReader(value, words).read();
}

void check_lanes(const Plan& plan, const JsonValue& at) {
    for (const CapacityVariant& variant : plan.capacity->variants) {
        const auto writers =
            profiles::interception::writer_count(platform_at(variant, plan.capacity->from));
        if (writers < plan.lanes) {
            at.fail(fmt::format("at most {} lanes, or more targets to begin with: {} has {} "
                                "writers at {:.0f} targets, and each lane needs one",
                                writers,
                                variant.name,
                                writers,
                                plan.capacity->from));
        }
    }
}

Parameters platform_at(const CapacityVariant& variant, double targets) {
    Parameters out = variant.workload.parameters;
    out.scale = targets / out.targets;
    const auto put = [&](const char* key, bool& flag) {
        const auto found = variant.switched.find(key);
        flag = found == variant.switched.end() ? flag : found->second;
    };
    put("scrub", out.readers.scrub);
    put("backup", out.readers.backup);
    put("purge", out.readers.purge);
    return out;
}

std::string capacity_workload_name(const CapacityVariant& variant) {
    return "capacity: " + variant.name;
}

} // namespace bench::plan
