// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/plan_file.h"

#include "bench/plan/cross_check_plan.h"
#include "bench/plan/judged_place.h"
#include "bench/plan/plan_capacity.h"
#include "bench/plan/plan_check.h"
#include "bench/plan/plan_egress.h"
#include "bench/plan/plan_metric.h"
#include "bench/plan/plan_phase.h"
#include "profiles/array_file.h"
#include "profiles/strict_json.h"
#include "results/folder_files.h"
#include "results/numbers/paired.h"
#include "results/plain_name.h"
#include "results/whole_file.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

namespace bench::plan {

namespace fs = std::filesystem;
using profiles::JsonObject;
using profiles::JsonValue;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t arrays_max = 8;
constexpr std::uint32_t rounds_max = 1000;
constexpr PlanDuration longest = 7 * 24h;

class PlanReader {
public:
    PlanReader(const std::string& path, JsonObject root, const profiles::FilePlace& files)
        : folder_(fs::absolute(path).lexically_normal().parent_path())
        , root_(std::move(root)) {
        plan_.files = files;
        plan_.file = fs::absolute(path).lexically_normal().string();
        plan_.name = fs::path(path).stem().string();
    }

    Plan read() {
        read_head();
        read_arrays();
        read_buffer();
        if (plan_.type != PlanType::capacity) {
            read_workloads();
            read_rounds();
            read_phases();
        } else {
            plan_.rounds = 0;
        }
        read_load();
        read_verification_phase();
        read_capacity_part();
        read_judgement();
        if (const auto egress = root_.optional("egress")) {
            plan_.egress = read_plan_egress(
                egress->object(), plan_, [this](const fs::path& path, const JsonValue& at) {
                    return placed(path, at);
                });
        }
        if (const auto check = root_.optional("cross_check")) {
            plan_.cross_check = read_cross_check(plan_, *check);
        }
        root_.finish();
        return std::move(plan_);
    }

private:
    void read_head() {
        if (const auto purpose = root_.optional("purpose")) {
            plan_.purpose = purpose->text();
        }
        if (const auto name = root_.optional("name")) {
            plan_.name = checked_name(*name);
        }
        plan_.type =
            root_.required("type").choice<PlanType>({{"compare", PlanType::compare},
                                                     {"a_against_a", PlanType::a_against_a},
                                                     {"capacity", PlanType::capacity}});
        if (const auto seed = root_.optional("seed")) {
            plan_.seed = seed->whole(0, 1ULL << 53U);
        }
    }

    // Names become parts of file names.
    static std::string checked_name(const JsonValue& value) {
        std::string name = value.text();
        if (!results::is_plain_name(name)) {
            value.fail(results::plain_name_wanted);
        }
        return name;
    }

    // As the plan names it, or else as the file does that it describes.
    static std::string name_of(JsonObject& object, const std::string& own, const JsonValue& item) {
        const auto name = object.optional("name");
        if (!name && !results::is_plain_name(own)) {
            item.fail(fmt::format(R"(a "name": "{}" is not {})", own, results::plain_name_wanted));
        }
        return name ? checked_name(*name) : own;
    }

    std::string resolved(const JsonValue& value) const {
        return placed(folder_ / value.text(), value);
    }

    std::string placed(const fs::path& path, const JsonValue& at) const {
        std::string out = fs::absolute(path).lexically_normal().string();
        if (!plan_.files.holds(out)) {
            at.fail("a file of the run's own, below inputs");
        }
        return out;
    }

    template <typename Named>
    void
    check_unique(const std::vector<Named>& before, const Named& one, const JsonValue& at) const {
        for (const Named& other : before) {
            if (other.name == one.name) {
                at.fail(R"(a "name" of its own; taken is )" + one.name);
            }
        }
    }

    void read_arrays() {
        const JsonValue list = root_.required("arrays");
        for (const JsonValue& item : list.items()) {
            JsonObject object = item.object();
            PlanArray out;
            out.file = resolved(object.required("file"));
            out.description = profiles::read_array(out.file, plan_.files);
            out.name = name_of(object, out.description.name, item);
            if (const auto transport = object.optional("transport")) {
                out.transport = transport->choice<std::string>({{"iscsi", "iscsi"},
                                                                {"nvme_tcp", "nvme_tcp"},
                                                                {"block_device", "block_device"}});
            } else if (out.description.real) { // A lab reaches it in one way, mostly.
                out.transport = transport_of(out.description.real->urls.front());
            }
            if (const auto lun = object.optional("lun")) {
                out.lun = static_cast<std::uint32_t>(lun->whole(0, 16383));
            }
            if (const auto paths = object.optional("paths")) {
                out.any_paths =
                    paths->is_text() && paths->choice<bool>({{"all", false}, {"any", true}});
                out.paths = paths->is_text() ? 0 : static_cast<std::uint32_t>(paths->whole(1, 64));
            }
            if (const auto identity = object.optional("identity")) {
                out.identity = identity->text();
            }
            object.finish();
            check_array(out, item);
            check_unique(plan_.arrays, out, item);
            plan_.arrays.push_back(std::move(out));
        }
        if (plan_.arrays.empty() || plan_.arrays.size() > arrays_max) {
            list.fail(fmt::format("1 to {} arrays", arrays_max));
        }
        if (plan_.type == PlanType::a_against_a && plan_.arrays.size() != 2) {
            list.fail("exactly two arrays for \"a_against_a\"");
        }
    }

    void read_buffer() {
        if (const auto buffer = root_.optional("buffer")) {
            plan_.buffer = buffer->duration(1ms, 24h);
        }
    }

    void read_workloads() {
        const JsonValue list = root_.required("workloads");
        for (const JsonValue& item : list.items()) {
            JsonObject object = item.object();
            PlanWorkload out;
            out.file = resolved(object.required("file"));
            out.workload = profiles::read_any_workload(out.file, plan_.files);
            set_buffer(out.workload, plan_.buffer);
            out.name = name_of(object, profiles::workload_name(out.workload), item);
            object.finish();
            check_unique(plan_.workloads, out, item);
            plan_.workloads.push_back(std::move(out));
        }
        if (plan_.workloads.empty()) {
            list.fail("at least one workload");
        }
        const JsonValue points = root_.required("load_points");
        for (const JsonValue& item : points.items()) {
            plan_.points.push_back(read_point(item));
            if (std::count(plan_.points.begin(), plan_.points.end(), plan_.points.back()) > 1) {
                item.fail("a load point that does not stand there already");
            }
            check_point(plan_, plan_.points.back(), item);
        }
        if (plan_.points.empty()) {
            points.fail("at least one load point");
        }
    }

    template <typename Number>
    void read_whole(const char* key, Number& out, std::uint64_t least, std::uint64_t most) {
        if (const auto value = root_.optional(key)) {
            out = static_cast<Number>(value->whole(least, most));
        }
    }

    void read_duration(const char* key, PlanDuration& out, PlanDuration least, PlanDuration most) {
        if (const auto value = root_.optional(key)) {
            out = value->duration(least, most);
        }
    }

    void read_rounds() {
        const JsonValue rounds = root_.required("rounds");
        plan_.rounds = static_cast<std::uint32_t>(rounds.whole(1, rounds_max));
        if (plan_.type == PlanType::a_against_a && plan_.rounds < results::pairs_for_word_min) {
            rounds.fail(fmt::format("at least {} rounds for \"a_against_a\": fewer can never say "
                                    "equivalent",
                                    results::pairs_for_word_min));
        }
        read_whole("spare_rounds", plan_.spare_rounds, 0, rounds_max);
        read_duration("ramp", plan_.ramp, 0ns, 24h);
        read_knee();
    }

    void read_load() {
        if (const auto order = root_.optional("order")) {
            plan_.order = order->choice<Order>({{"random", Order::random}, {"abba", Order::abba}});
        }
        read_duration("interval", plan_.interval, 10ms, 1h);
        read_duration("late_after", plan_.late_after, 1us, 1h);
        read_whole("lanes", plan_.lanes, 1, 64);
        read_whole("depth", plan_.depth, 1, 4096);
        if (const auto size = root_.optional("working_set")) {
            plan_.working_set_bytes = size->size_bytes(1U << 16U, 1ULL << 53U);
        }
        if (const auto verify = root_.optional("verify")) {
            plan_.verify = verify->choice<VerifyData>({{"none", VerifyData::none},
                                                       {"sample", VerifyData::sample},
                                                       {"full", VerifyData::full}});
        }
        if (const auto settings = root_.optional("host_settings")) {
            plan_.host_settings = settings->choice<HostSettings>(
                {{"recommended", HostSettings::recommended}, {"uniform", HostSettings::uniform}});
        }
        if (const auto lease = root_.optional("lease")) {
            plan_.lease = lease->choice<LeaseKind>(
                {{"local", LeaseKind::local}, {"block", LeaseKind::block}});
        }
        read_preconditioning();
    }

    void read_preconditioning() {
        if (const auto value = root_.optional("preconditioning")) {
            JsonObject object = value->object();
            Preconditioning out;
            if (const auto passes = object.optional("passes")) {
                out.passes = static_cast<std::uint32_t>(passes->whole(1, 16));
            }
            out.time_limit = object.required("time_limit").duration(1ms, longest);
            if (const auto round = object.optional("steady_round")) {
                out.steady_round = round->duration(1ms, longest);
            }
            object.finish();
            plan_.preconditioning = out;
        }
    }

    void read_knee() {
        if (const auto value = root_.optional("knee")) {
            JsonObject object = value->object();
            if (const auto bound = object.optional("p99_at_most")) {
                plan_.knee.p99_at_most = bound->duration(1us, 1h);
            }
            if (const auto from = object.optional("rate_from")) {
                plan_.knee.rate_from_per_s = from->rate_per_s(1, 1e9);
            }
            if (const auto most = object.optional("rate_max")) {
                plan_.knee.rate_max_per_s = most->rate_per_s(plan_.knee.rate_from_per_s, 1e9);
            }
            object.finish();
        }
    }

    void read_phases() {
        read_duration("duration", plan_.duration, 1ms, longest);
        const auto list = root_.optional("phases");
        if (!list) {
            (void)root_.required("duration"); // Which read_duration has read.
            return;
        }
        if (plan_.duration > 0ns) {
            list->fail(R"(no "duration" beside "phases": each phase has its own)");
        }
        plan_.phases = read_phase_list(*list, plan_.duration);
        phases_at_ = list;
    }

    void read_verification_phase() const { // Knows by now whether anything is verified.
        if (phases_at_) {
            check_phases(plan_, *phases_at_);
        }
    }

    void read_capacity_part() {
        const auto value = plan_.type == PlanType::capacity
                               ? std::optional(root_.required("capacity"))
                               : root_.optional("capacity");
        if (value) {
            plan_.capacity =
                read_capacity(*value,
                              {[this](const JsonValue& file) { return resolved(file); },
                               checked_name,
                               plan_.buffer,
                               plan_.files});
            check_lanes(plan_, *value);
        }
        const auto all = all_workloads(plan_);
        if (plan_.buffer && std::none_of(all.begin(), all.end(), profiles::is_platform)) {
            root_.required("buffer").fail("a platform among the workloads: only it has a buffer");
        }
    }

    void read_judgement() {
        if (plan_.type == PlanType::capacity) {
            return; // Its limits are the capacity's own.
        }
        if (const auto limits = root_.optional("limits")) {
            for (const JsonValue& item : limits->items()) {
                plan_.limits.push_back(read_limit(item));
                check_names(plan_, plan_.limits.back(), item);
            }
        }
        if (const auto metrics = root_.optional("metrics")) {
            for (const JsonValue& item : metrics->items()) {
                plan_.metrics.push_back(read_plan_metric(item));
                check_stream(plan_, plan_.metrics.back().metric, item);
            }
            if (plan_.metrics.empty()) {
                metrics->fail("at least one metric, or no \"metrics\" for the usual ones");
            }
            return;
        }
        using results::Quantity;
        constexpr double usual_margin = 0.1;
        plan_.metrics = {{{"", Quantity::response, "p50", ""}, usual_margin, true},
                         {{"", Quantity::response, "p99", ""}, usual_margin, true},
                         {{"", Quantity::rate, "", ""}, usual_margin, false}};
    }

    fs::path folder_;
    JsonObject root_;
    std::optional<JsonValue> phases_at_;
    Plan plan_;
};

} // namespace

Plan read_plan(const std::string& path) {
    const auto document = profiles::JsonDocument::read_file(path);
    return PlanReader(path, document.root_object(plan_schema), {}).read();
}

Plan read_plan_in(const std::string& folder) {
    results::check_inputs_in(folder);
    const std::string path = folder + "/plan.json";
    const auto document =
        profiles::JsonDocument::parse(results::read_file_in(folder, "plan.json"), path);
    return PlanReader(path, document.root_object(plan_schema), judged_place(folder)).read();
}

} // namespace bench::plan
