// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/foreign_json_file.h"
#include "results/plain_name.h"
#include "results/record_error.h"
#include "results/record_fields.h"
#include "results/run_record_file.h"

#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <set>

namespace results {

using Json = nlohmann::ordered_json;

namespace {

Histogram histogram_from(const Json& json, const std::string& pointer);

// Reads members out of an object; finish() refuses what nobody asked for.
class Reader {
public:
    Reader(const Json& object, std::string pointer)
        : object_(object)
        , pointer_(std::move(pointer)) {
        if (!object_.is_object()) {
            fail(pointer_, "wanted an object");
        }
    }

    template <typename T>
    void operator()(const char* name, T& member) {
        asked_.insert(name);
        const auto found = object_.find(name);
        if constexpr (IsMaybe<T>::value) {
            if (found != object_.end()) {
                member.emplace();
                read(*found, below(name), *member);
            }
        } else {
            if (found == object_.end()) {
                fail(below(name), "missing");
            }
            read(*found, below(name), member);
        }
    }
    template <typename T>
    void operator()(const char* name, AsText<T> member) {
        std::string text;
        (*this)(name, text);
        const char* end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, member.number);
        if (error != std::errc{} || stop != end) {
            fail(below(name), "wanted a whole number as text");
        }
    }

    void skip(const char* name) { asked_.insert(name); }

    void finish() const {
        for (const auto& [key, value] : object_.items()) {
            if (asked_.count(key) == 0) {
                fail(below(key), "unknown key");
            }
        }
    }

    template <typename T>
    static void read(const Json& json, const std::string& pointer, T& out) {
        if constexpr (std::is_same_v<T, Histogram>) {
            out = histogram_from(json, pointer);
        } else if constexpr (std::is_enum_v<T>) {
            read_enum(json, pointer, out);
        } else if constexpr (IsList<T>::value) {
            read_list(json, pointer, out);
        } else if constexpr (IsMap<T>::value) {
            read_map(json, pointer, out);
        } else if constexpr (std::is_class_v<T> && !std::is_same_v<T, std::string>) {
            Reader inner(json, pointer);
            visit_fields(inner, out);
            inner.finish();
        } else {
            read_scalar(json, pointer, out);
        }
    }

    [[noreturn]] static void fail(const std::string& pointer, const std::string& what) {
        throw RecordError(fmt::format("{}: {}", pointer.empty() ? "/" : pointer, what));
    }

private:
    std::string below(const std::string& name) const { return pointer_ + "/" + name; }

    template <typename T>
    static void read_enum(const Json& json, const std::string& pointer, T& out) {
        for (const auto& [constant, name] : names_of(T{})) {
            if (json.is_string() && json.get<std::string>() == name) {
                out = constant;
                return;
            }
        }
        fail(pointer, fmt::format("{}: not one of the known words", json.dump()));
    }

    template <typename T>
    static void read_list(const Json& json, const std::string& pointer, std::vector<T>& out) {
        if (!json.is_array()) {
            fail(pointer, "wanted a list");
        }
        out.clear();
        for (std::size_t i = 0; i < json.size(); ++i) {
            out.emplace_back();
            read(json[i], fmt::format("{}/{}", pointer, i), out.back());
        }
    }

    template <typename T>
    static void
    read_map(const Json& json, const std::string& pointer, std::map<std::string, T>& out) {
        if (!json.is_object()) {
            fail(pointer, "wanted an object");
        }
        out.clear();
        for (const auto& [key, value] : json.items()) {
            read(value, fmt::format("{}/{}", pointer, key), out[key]);
        }
    }

    template <typename T>
    static void read_scalar(const Json& json, const std::string& pointer, T& out) {
        bool fits = false;
        if constexpr (std::is_same_v<T, bool>) {
            fits = json.is_boolean();
        } else if constexpr (std::is_same_v<T, std::string>) {
            fits = json.is_string();
        } else if constexpr (std::is_floating_point_v<T>) {
            fits = json.is_number();
            if (json.is_null()) { // JSON has no word for "not a number".
                out = std::numeric_limits<T>::quiet_NaN();
                return;
            }
        } else if constexpr (std::is_unsigned_v<T>) {
            fits = json.is_number_unsigned() &&
                   json.get<std::uint64_t>() <= std::numeric_limits<T>::max();
        } else {
            fits = json.is_number_integer();
        }
        if (!fits) {
            fail(pointer, fmt::format("{}: wrong type or out of range", json.dump()));
        }
        out = json.get<T>();
    }

    const Json& object_;
    std::string pointer_;
    std::set<std::string> asked_;
};

Histogram histogram_from(const Json& json, const std::string& pointer) {
    Reader object(json, pointer);
    std::uint64_t count = 0;
    object("count", count);
    Histogram out;
    if (count > 0) {
        std::uint64_t overflow = 0;
        std::uint64_t min_ns = 0;
        std::uint64_t max_ns = 0;
        std::string sum;
        std::vector<std::vector<std::uint64_t>> rows;
        object("overflow", overflow);
        object("min", min_ns);
        object("max", max_ns);
        object("sum", sum);
        object("bins", rows);
        std::vector<std::pair<std::uint64_t, std::uint64_t>> bins;
        for (const auto& row : rows) {
            if (row.size() != 2) {
                Reader::fail(pointer + "/bins", "wanted pairs of lower edge and count");
            }
            bins.emplace_back(row[0], row[1]);
        }
        char* end = nullptr;
        const long double sum_ns = std::strtold(sum.c_str(), &end);
        if (sum.empty() || *end != '\0' || !std::isfinite(sum_ns) ||
            !Histogram::from_bins(bins, overflow, min_ns, max_ns, sum_ns, out) ||
            out.count() != count) {
            Reader::fail(pointer, "not a histogram: its edges, ends, sum or count do not fit");
        }
    }
    object.finish();
    return out;
}

void want_label(const std::string& text, const std::string& pointer) {
    if (!is_label(text)) {
        Reader::fail(pointer, "wanted a name of at most 512 bytes without control characters");
    }
}

void want_array_name(const std::string& text, const std::string& pointer) {
    if (!text.empty() && !is_plain_name(text)) {
        Reader::fail(pointer, fmt::format("wanted {}", plain_name_wanted));
    }
}

// As a plan's are checked when it is read: what stands in a record may become a file's name, a line
// of a log or a cell of a table.
void check_names(const RoundRecord& round) {
    want_array_name(round.array, "/array");
    want_label(round.workload, "/workload");
    want_label(round.point, "/point");
    for (std::size_t i = 0; i < round.streams.size(); ++i) {
        want_label(round.streams[i].name, fmt::format("/streams/{}/name", i));
    }
}

void check_names(const RunRecord& run) {
    for (std::size_t i = 0; i < run.arrays.size(); ++i) {
        want_array_name(run.arrays[i].name, fmt::format("/arrays/{}/name", i));
    }
    for (std::size_t i = 0; i < run.verdicts.size(); ++i) {
        const VerdictRecord& one = run.verdicts[i];
        want_label(one.array, fmt::format("/verdicts/{}/array", i));
        want_label(one.workload, fmt::format("/verdicts/{}/workload", i));
        want_label(one.point, fmt::format("/verdicts/{}/point", i));
    }
    for (std::size_t i = 0; i < run.comparisons.size(); ++i) {
        const ComparisonRecord& one = run.comparisons[i];
        want_label(one.workload, fmt::format("/comparisons/{}/workload", i));
        want_label(one.point, fmt::format("/comparisons/{}/point", i));
        want_label(one.stream, fmt::format("/comparisons/{}/stream", i));
    }
}

// Throws RecordError with `name` before the pointer.
template <typename T>
T record_from(std::string_view text, const std::string& name, const std::set<std::string>& apart) {
    try {
        const Json json = drivers::wire::parse_foreign_json(text, drivers::wire::json_of_programs);
        Reader reader(json, "");
        std::string schema;
        reader("$schema", schema);
        for (const std::string& key : apart) {
            reader.skip(key.c_str());
        }
        T out;
        if (json.value("schema_version", schema_version_known) > schema_version_known) {
            throw RecordError(fmt::format("/schema_version: {}; this program reads up to {}",
                                          json["schema_version"].dump(),
                                          schema_version_known));
        }
        visit_fields(reader, out);
        reader.finish();
        check_names(out);
        return out;
    } catch (const RecordError& error) {
        throw RecordError(fmt::format("{}: {}", name, error.what()));
    } catch (const drivers::wire::JsonError& error) {
        throw RecordError(fmt::format("{}: {}", name, error.what()));
    } catch (const Json::exception& error) {
        throw RecordError(fmt::format("{}: {}", name, error.what()));
    }
}

} // namespace

RoundRecord round_from_text(std::string_view text, const std::string& name) {
    return record_from<RoundRecord>(text, name, {});
}

RunRecord result_from_text(std::string_view text, const std::string& name) {
    return record_from<RunRecord>(text, name, {"rounds"});
}

} // namespace results
