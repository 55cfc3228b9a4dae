// SPDX-License-Identifier: Apache-2.0
#include "drivers/fio/fio_documents.h"
#include "drivers/fio/fio_result.h"
#include "drivers/fio/fio_versions.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <optional>
#include <set>

namespace drivers::fio {

namespace {

using Json = nlohmann::json;

constexpr std::size_t depth_max = 32;
constexpr std::size_t values_max = 4'000'000;
constexpr std::size_t jobs_max = 4096;
constexpr std::size_t text_max = 64U << 10U;
constexpr std::uint64_t longest_ns = 3'600'000'000'000ULL * 24;
constexpr std::uint64_t whole_max = 1ULL << 60U; // Beyond what any fio counts, in bytes too.

template <typename Number>
std::optional<Number> parsed(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size() && !text.empty();
    return whole ? std::optional<Number>(value) : std::nullopt;
}

// One number or text as the file has it.
struct Scalar {
    bool is_number = false;
    double number = 0;
    std::uint64_t whole = 0; // Exact where the number was a whole one.
    std::string text;

    bool operator==(const Scalar& other) const = default;
};

// Walks through fio's tree once and keeps the few things that count; everything is bounded.
class Reader final : public nlohmann::json_sax<Json> {
public:
    explicit Reader(Result& out)
        : out_(out) {}

    bool null() override { return value({}); }
    bool boolean(bool /*truth*/) override { return value({}); }
    bool number_integer(number_integer_t number) override {
        if (number < 0 && directions_below()) {
            refuse(fmt::format("{} is negative", number));
        }
        return value({true, static_cast<double>(number), static_cast<std::uint64_t>(number), {}});
    }
    bool number_unsigned(number_unsigned_t number) override {
        return value({true, static_cast<double>(number), number, {}});
    }
    bool number_float(number_float_t number, const string_t& /*text*/) override {
        const bool fits = number >= 0 && number < 1.8e19;
        return value({fits, number, fits ? static_cast<std::uint64_t>(number) : 0, {}});
    }
    bool string(string_t& text) override { return value({false, 0, 0, text.substr(0, text_max)}); }
    bool binary(binary_t& /*bytes*/) override { return value({}); }
    bool key(string_t& name) override {
        key_ = name.substr(0, 256);
        return true;
    }
    bool start_object(std::size_t /*size*/) override { return enter(); }
    bool start_array(std::size_t /*size*/) override { return enter(); }
    bool end_object() override { return leave(); }
    bool end_array() override { return leave(); }
    bool parse_error(std::size_t place,
                     const std::string& /*token*/,
                     const nlohmann::detail::exception& error) override {
        complaint_ = fmt::format("no JSON at byte {}: {}", place, error.what());
        return false;
    }
    const std::string& complaint() const { return complaint_; }
    bool has_jobs() const { return saw_jobs_; }

private:
    static constexpr std::string_view clients = "client_stats"; // What fio --client writes.

    static bool is_jobs(const std::string& name) { return name == "jobs" || name == clients; }

    struct Level {
        std::string name; // Empty: the root, or an item of a list.
        std::map<std::string, Scalar> scalars;
        std::set<std::string> branches;
    };

    [[noreturn]] void refuse(const std::string& what) const {
        std::string place;
        for (const Level& level : levels_) {
            place += level.name.empty() ? "" : "/" + level.name;
        }
        throw ResultError(fmt::format("fio's result: {}/{}: {}", place, key_, what));
    }

    bool enter() {
        if (levels_.size() >= depth_max) {
            refuse("nested too deeply");
        }
        const bool item = levels_.size() == 2 && is_jobs(levels_.back().name);
        if (!levels_.empty() && !key_.empty() && !levels_.back().branches.insert(key_).second) {
            refuse("stands twice");
        }
        levels_.push_back({key_, {}, {}});
        key_.clear();
        if (item) {
            if (out_.jobs.size() >= jobs_max) {
                refuse("too many jobs");
            }
            out_.jobs.emplace_back();
        }
        saw_jobs_ = saw_jobs_ || (levels_.size() == 2 && is_jobs(levels_.back().name));
        return true;
    }

    bool leave() {
        if (levels_.size() == 3 && levels_[1].name == clients && !out_.jobs.empty() &&
            out_.jobs.back().name == "All clients") {
            out_.all_clients = std::move(out_.jobs.back()); // Else all would be counted twice.
            out_.jobs.pop_back();
        }
        levels_.pop_back();
        key_.clear();
        return true;
    }

    bool value(const Scalar& scalar) {
        if (++values_ > values_max) {
            refuse("too many values");
        }
        if (levels_.empty()) {
            return true;
        }
        if (!key_.empty()) {
            const auto [found, is_new] = levels_.back().scalars.emplace(key_, scalar);
            if (!is_new && !levels_.back().name.ends_with(" options")) { // Each client has its own.
                if (!(found->second == scalar)) {
                    refuse("stands twice and says two different things");
                }
                if (out_.repeated.size() < 100) {
                    out_.repeated.push_back(key_);
                }
                return true; // Once is taken.
            }
        }
        store(scalar);
        key_.clear();
        return true;
    }

    bool directions_below() const {
        return levels_.size() >= 4 && is_jobs(levels_[1].name) &&
               (levels_[3].name == "read" || levels_[3].name == "write" ||
                levels_[3].name == "trim" || levels_[3].name == "mixed");
    }

    void store(const Scalar& scalar) {
        const std::size_t depth = levels_.size();
        if (depth == 1 && key_ == "fio version") {
            out_.version = scalar.text;
        } else if (depth == 1 && key_ == "timestamp_ms") {
            out_.timestamp_ms = wanted_whole(scalar);
        } else if (depth == 1 && key_ == "timestamp") {
            out_.timestamp_s = wanted_whole(scalar);
        } else if (depth == 2 && levels_[1].name == "global options") {
            out_.global_options[key_] = scalar.text;
        } else if (depth >= 3 && is_jobs(levels_[1].name) && !out_.jobs.empty()) {
            store_in_job(out_.jobs.back(), scalar);
        }
    }

    void store_in_job(JobResult& job, const Scalar& scalar) {
        if (levels_.size() == 3) {
            if (key_ == "jobname") {
                job.name = scalar.text;
            } else if (key_ == "hostname") {
                job.host = scalar.text;
            } else if (key_ == "error") {
                constexpr std::uint64_t errno_max = 4095;
                const bool is_one = is_whole(scalar) && scalar.whole <= errno_max;
                job.error = is_one ? static_cast<std::int64_t>(scalar.whole) : -1;
                job.tells_error = true;
            } else if (key_ == "groupid") {
                job.group = wanted_whole(scalar);
            } else if (key_ == "eta") {
                job.eta_s = scalar.number < 0 ? eta_unknown : wanted_whole(scalar);
            } else if (key_ == "elapsed") {
                job.elapsed_s = wanted_whole(scalar);
            } else if (key_ == "job_runtime") {
                job.job_runtime_ms = wanted_whole(scalar);
            } else if (key_ == "total_err") {
                job.errors = wanted_whole(scalar);
            } else if (key_ == "job_start") {
                job.start_ms = wanted_whole(scalar);
            } else if (key_ == "usr_cpu") {
                job.user_cpu_percent = scalar.number;
            } else if (key_ == "sys_cpu") {
                job.system_cpu_percent = scalar.number;
            }
        } else if (levels_.size() == 4 && levels_[3].name == "job options") {
            job.options[key_] = scalar.text;
        } else if (directions_below()) {
            Direction& direction = job.directions[levels_[3].name];
            const std::string latency = levels_.size() == 4 ? "" : levels_[4].name;
            direction.is_old = direction.is_old || latency == "lat" || latency == "clat";
            direction.told |= latency == "lat_ns" || latency == "clat_ns" ? told_ns : 0U;
            if (latency.empty()) {
                store_in_direction(direction, scalar);
            } else if (latency == "lat_ns" || latency == "lat") {
                store_in_latency(direction.total, scalar);
            } else if (latency == "clat_ns" || latency == "clat") {
                store_in_latency(direction.completion, scalar);
            } else if (latency == "slat_ns") {
                store_in_latency(direction.submission, scalar);
            }
        }
    }

    void store_in_direction(Direction& out, const Scalar& scalar) const {
        const std::array<std::pair<std::string_view, std::uint64_t*>, 5> counts{
            {{"total_ios", &out.total_ios},
             {"io_bytes", &out.io_bytes},
             {"runtime", &out.runtime_ms},
             {"short_ios", &out.short_ios},
             {"drop_ios", &out.drop_ios}}};
        for (std::size_t i = 0; i < counts.size(); ++i) {
            if (counts[i].first == key_) {
                *counts[i].second = wanted_whole(scalar);
                out.told |= 1U << i;
            }
        }
        const std::array<std::pair<std::string_view, std::optional<std::uint64_t>*>, 3> again{
            {{"io_kbytes", &out.io_kib}, {"bw_bytes", &out.bytes_per_s}, {"bw", &out.kib_per_s}}};
        for (const auto& [name, into] : again) {
            if (name == key_) {
                *into = wanted_whole(scalar);
            }
        }
        if (key_ == "iops") {
            want_number(scalar);
            out.iops = scalar.number;
        }
    }

    void store_in_latency(Latency& out, const Scalar& scalar) const {
        if (levels_.size() == 6 && levels_[5].name == "bins") {
            const std::uint64_t count = wanted_whole(scalar);
            const auto middle = parsed<std::uint64_t>(key_);
            if (!middle || *middle > longest_ns) {
                refuse("wanted a bucket's middle in nanoseconds");
            }
            if (count > 0) {
                out.bins.emplace_back(*middle, count);
            }
        } else if (levels_.size() == 6 && levels_[5].name == "percentile") {
            const auto percent = parsed<double>(key_);
            if (!percent || !(*percent >= 0 && *percent <= 100)) {
                refuse("wanted a percent");
            }
            const std::uint64_t value = wanted_whole(scalar);
            if (out.percentiles.emplace(*percent, value).first->second != value) {
                refuse("stands twice and says two different things");
            }
        } else if (levels_.size() == 5) {
            if (key_ == "min" || key_ == "max" || key_ == "N") {
                (key_ == "min"   ? out.min_ns
                 : key_ == "max" ? out.max_ns
                                 : out.count) = wanted_whole(scalar);
                out.tells_count = out.tells_count || key_ == "N";
            } else if (key_ == "mean") {
                want_number(scalar);
                out.mean_ns = scalar.number;
            } else if (key_ == "stddev" && scalar.is_number) {
                out.stddev_ns = scalar.number;
            }
        }
    }

    static bool is_whole(const Scalar& scalar) {
        return scalar.is_number && scalar.number >= 0 &&
               scalar.number == static_cast<double>(scalar.whole);
    }

    std::uint64_t wanted_whole(const Scalar& scalar) const {
        want_number(scalar);
        if (!is_whole(scalar) || scalar.whole > whole_max) {
            refuse("wanted a whole number of at most 2^60");
        }
        return scalar.whole;
    }

    void want_number(const Scalar& scalar) const {
        if (!scalar.is_number || !std::isfinite(scalar.number) || scalar.number < 0) {
            refuse("wanted a number of at least 0");
        }
    }

    Result& out_;
    std::vector<Level> levels_;
    std::string key_;
    std::string complaint_;
    std::size_t values_ = 0;
    bool saw_jobs_ = false;
};

} // namespace

std::optional<Result> read_document(const std::string& text, std::string& complaint) {
    Result out;
    Reader reader(out);
    if (Json::sax_parse(text.begin(), text.end(), &reader) && reader.has_jobs()) {
        if (out.timestamp_ms == 0) {
            out.timestamp_ms = std::min(out.timestamp_s, longest_ns) * 1000;
        }
        return out;
    }
    complaint = reader.complaint().empty() ? "JSON that tells of no jobs" : reader.complaint();
    return std::nullopt;
}

} // namespace drivers::fio
