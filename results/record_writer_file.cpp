// SPDX-License-Identifier: Apache-2.0
#include "results/record_fields.h"
#include "results/run_record_file.h"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

namespace results {

using Json = nlohmann::ordered_json;

namespace {

Json histogram_json(const Histogram& histogram) {
    Json out = Json::object();
    out["count"] = histogram.count();
    if (histogram.count() == 0) {
        return out;
    }
    out["overflow"] = histogram.overflow();
    out["min"] = histogram.min_ns();
    out["max"] = histogram.max_ns();
    out["sum"] = fmt::format("{:.0f}", histogram.sum_ns()); // Beyond 64 bits in long runs.
    Json bins = Json::array();
    for (const auto& [edge_ns, count] : histogram.bins()) {
        bins.push_back(Json::array({edge_ns, count}));
    }
    out["bins"] = std::move(bins);
    return out;
}

// Writes members into an object.
class Writer {
public:
    template <typename T>
    void operator()(const char* name, T& member) {
        if constexpr (IsMaybe<std::remove_const_t<T>>::value) {
            if (member) {
                object_[name] = value_of(*member);
            }
        } else {
            object_[name] = value_of(member);
        }
    }
    template <typename T>
    void operator()(const char* name, AsText<T> member) {
        object_[name] = std::to_string(member.number);
    }

    template <typename T>
    static Json value_of(const T& value) {
        if constexpr (std::is_same_v<T, Histogram>) {
            return histogram_json(value);
        } else if constexpr (std::is_enum_v<T>) {
            for (const auto& [constant, name] : names_of(value)) {
                if (constant == value) {
                    return name;
                }
            }
            return nullptr;
        } else if constexpr (IsList<T>::value) {
            Json out = Json::array();
            for (const auto& item : value) {
                out.push_back(value_of(item));
            }
            return out;
        } else if constexpr (IsMap<T>::value) {
            Json out = Json::object();
            for (const auto& [key, item] : value) {
                out[key] = value_of(item);
            }
            return out;
        } else if constexpr (std::is_class_v<T> && !std::is_same_v<T, std::string>) {
            Writer inner;
            T copy = value; // The visitor reads and writes; this one only reads.
            visit_fields(inner, copy);
            return std::move(inner).take();
        } else {
            return value;
        }
    }

    Json take() && { return std::move(object_); }

private:
    Json object_ = Json::object();
};

std::string text_of(const Json& json) {
    return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json summary_json(const Histogram& histogram) {
    const Summary summary = summarize(histogram);
    Json out = Json::object();
    out["count"] = summary.count;
    if (summary.count == 0) {
        return out;
    }
    out["overflow"] = summary.overflow;
    out["min"] = summary.min_ns;
    out["mean"] = summary.mean_ns;
    for (const Percentile& percentile : summary.percentiles) {
        Json one = Json::object();
        if (percentile.measured) {
            one["value"] = percentile.value_ns;
        } else {
            one["not_measured"] = "fewer than 10 samples above";
        }
        one["samples_above"] = percentile.samples_above;
        out[quantile_name(percentile.quantile)] = std::move(one);
    }
    out["max"] = summary.max_ns;
    return out;
}

Json round_summary(RoundRecord round) {
    Writer head;
    visit_head(head, round);
    Json out = std::move(head).take();
    out["file"] = round_file_name(round);
    Json audit = Writer::value_of(round.audit);
    audit["slip_ns"] = summary_json(round.audit.slip_ns);
    out["audit"] = std::move(audit);
    out["streams"] = Json::array();
    for (const StreamRecord& stream : round.streams) {
        Json one = Writer::value_of(stream);
        one["response_ns"] = summary_json(stream.response_ns);
        one["wait_ns"] = summary_json(stream.wait_ns);
        one["service_ns"] = summary_json(stream.service_ns);
        out["streams"].push_back(std::move(one));
    }
    for (const auto& [name, histogram] : round.histograms) {
        out["histograms"][name] = summary_json(histogram);
    }
    return out;
}

} // namespace

std::string round_file_name(const RoundRecord& round) {
    return fmt::format("rounds/{:03}-{}.json", round.index, round.array);
}

std::string round_text(const RoundRecord& round) {
    Json out = Json::object();
    out["$schema"] = "arraybench/round/1";
    out.update(Writer::value_of(round));
    return out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string result_text(const RunRecord& run) {
    Json out = Json::object();
    out["$schema"] = "arraybench/result/1";
    out.update(Writer::value_of(run));
    out["rounds"] = Json::array();
    for (const RoundRecord& round : run.rounds) {
        out["rounds"].push_back(round_summary(round));
    }
    return text_of(out);
}

} // namespace results
