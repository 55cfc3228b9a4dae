// SPDX-License-Identifier: Apache-2.0
#include "profiles/interception/interception_file.h"

#include "profiles/interception/codecs.h"
#include "profiles/strict_json.h"

#include <filesystem>

namespace profiles::interception {

namespace {

using namespace std::chrono_literals;

constexpr double many = 1e9;
constexpr Duration longest = 100 * 366 * 24h;
constexpr std::uint64_t petabyte = 1ULL << 50U;

void put(JsonObject& in, const char* key, double& value, double least, double most) {
    if (const auto written = in.optional(key)) {
        value = written->number(least, most);
    }
}

void put_share(JsonObject& in, const char* key, double& value) {
    if (const auto written = in.optional(key)) {
        value = written->fraction();
    }
}

void put_size(JsonObject& in, const char* key, double& value) {
    if (const auto written = in.optional(key)) {
        value = static_cast<double>(written->size_bytes(1, petabyte));
    }
}

void put_block(JsonObject& in, const char* key, std::uint64_t& value) {
    if (const auto written = in.optional(key)) {
        value = written->size_bytes(4096, 4U << 20U);
        if (value % 4096 != 0) {
            written->fail("a multiple of 4KiB");
        }
    }
}

void put_time(JsonObject& in, const char* key, Duration& value) {
    if (const auto written = in.optional(key)) {
        value = written->duration(0ns, longest);
    }
}

void put_time_s(JsonObject& in, const char* key, double& value_s) {
    if (const auto written = in.optional(key)) {
        value_s = std::chrono::duration<double>(written->duration(1ms, longest)).count();
    }
}

void put_rate(JsonObject& in, const char* key, double& value, double per_s = 1) {
    if (const auto written = in.optional(key)) {
        value = written->rate_per_s(0, many) * per_s;
    }
}

void put_flag(JsonObject& in, const char* key, bool& value) {
    if (const auto written = in.optional(key)) {
        value = written->flag();
    }
}

void put_count(JsonObject& in, const char* key, std::uint32_t& value, std::uint32_t most) {
    if (const auto written = in.optional(key)) {
        value = static_cast<std::uint32_t>(written->whole(1, most));
    }
}

constexpr double day_s = 86400;

void read_voice(JsonObject in, VoiceParameters& out) {
    put_rate(in, "calls", out.calls_per_day, day_s);
    put_share(in, "busy_hour_share", out.busy_share);
    put_time_s(in, "holding_time_median", out.hold_median_s);
    put(in, "holding_time_sigma", out.hold_sigma, 0.01, 4);
    put(in, "weekend_factor", out.weekend_factor, 0, 10);
    put(in, "sip_messages_per_call", out.sip_messages_per_call, 0, 1000);
    put(in, "iri_per_call", out.iri_per_call, 0, 1000);
    if (const auto codecs = in.optional("codecs")) {
        out.codecs.clear();
        for (const JsonValue& item : codecs->items()) {
            JsonObject codec = item.object();
            const JsonValue name = codec.required("name");
            Codec one = known_codec(name.text()).value_or(Codec{});
            one.name = name.text();
            if (!known_codec(one.name) && !item.object().optional("pdu")) {
                name.fail("a codec whose PDUs are known (" + known_codec_names() +
                          R"(), or its "pdu" as well)");
            }
            put_share(codec, "share", one.share);
            put_size(codec, "pdu", one.pdu_bytes);
            put_share(codec, "silence", one.silence);
            put_size(codec, "silence_pdu", one.silence_pdu_bytes);
            codec.finish();
            out.codecs.push_back(one);
        }
        if (out.codecs.empty()) {
            codecs->fail("at least one codec");
        }
    }
    in.finish();
}

void read_data(JsonObject in, DataParameters& out) {
    put_share(in, "keep", out.keep);
    put_share(in, "busy_hour_share", out.busy_share);
    put_share(in, "mobile_share", out.mobile_share);
    put_size(in, "mobile_per_month", out.mobile_bytes_per_month);
    put_share(in, "fixed_share", out.fixed_share);
    put_size(in, "fixed_per_month", out.fixed_bytes_per_month);
    put_size(in, "packet", out.packet_bytes);
    put_rate(in, "sessions", out.sessions_per_day, day_s);
    put(in, "pareto_alpha", out.pareto_alpha, 1.01, 10);
    put(in, "pareto_truncation", out.pareto_truncation, 2, 1e9);
    put(in, "session_rate_share", out.session_rate_share, 0.001, 10);
    in.finish();
}

void read_storage(JsonObject in, StorageParameters& out) {
    put(in, "writers", out.writers, 1, 4096);
    put_rate(in, "commits", out.commits_per_s);
    put_block(in, "content_block", out.content_block_bytes);
    put_block(in, "journal_block", out.journal_block_bytes);
    put_count(in, "journal_writes_per_commit", out.journal_writes_per_commit, 64);
    put_block(in, "log_block", out.log_block_bytes);
    put_rate(in, "log_writes_at_most", out.log_writes_per_s_max);
    put_block(in, "index_block", out.index_block_bytes);
    put(in, "index_pages_per_row", out.index_pages_per_row, 0, 100);
    put(in, "ip_pdus_per_row", out.ip_pdus_per_row, 1, 1e6);
    put_time(in, "checkpoint_every", out.checkpoint_every);
    put_time(in, "rotation_every", out.rotation_every);
    put_time(in, "rotation_jitter", out.rotation_jitter);
    put_time_s(in, "buffer", out.buffer_seconds);
    put_share(in, "retained_share", out.retained_share);
    put_share(in, "compressible_share", out.compressible_share);
    in.finish();
}

void read_readers(JsonObject in, ReaderParameters& out) {
    put(in, "analysts", out.analysts, 0, many);
    put_rate(in, "seeks_per_analyst", out.seeks_per_s);
    put_rate(in, "searches", out.searches_per_s);
    put_count(in, "reads_per_search", out.reads_per_search, 100'000);
    put_count(in, "search_depth", out.search_depth, 1024);
    double retention_s = out.retention_days * day_s;
    double scrub_s = out.scrub_days * day_s;
    put_time_s(in, "retention", retention_s);
    put_time_s(in, "scrub_every", scrub_s);
    out.retention_days = retention_s / day_s;
    out.scrub_days = scrub_s / day_s;
    put_rate(in, "exports", out.exports_per_h, 3600);
    put_size(in, "export", out.export_bytes);
    put_flag(in, "classification", out.classification);
    put_flag(in, "evidence_export", out.export_evidence);
    put_flag(in, "scrub", out.scrub);
    put_flag(in, "backup", out.backup);
    put_flag(in, "purge", out.purge);
    put_flag(in, "purge_overwrites", out.purge_overwrites);
    put(in, "backup_from_hour", out.backup_from_hour, 0, 23.999);
    put(in, "backup_hours", out.backup_hours, 0.01, 24);
    put(in, "purge_from_hour", out.purge_from_hour, 0, 23.999);
    put(in, "purge_hours", out.purge_hours, 0.01, 24);
    put_flag(in, "evacuation", out.evacuation);
    if (const auto arrival = in.optional("arrival")) {
        out.arrival = arrival->flag();
        if (out.arrival && out.evacuation) {
            arrival->fail("either \"evacuation\" or \"arrival\": what leaves does not arrive");
        }
    }
    put_count(in, "evacuation_depth", out.evacuation_depth, 1024);
    in.finish();
}

void read_events(JsonObject in, EventParameters& out) {
    put_rate(in, "case_storms", out.storms_per_h, 3600);
    put_count(in, "storm_targets", out.storm_targets, 100'000);
    put_time(in, "storm_length", out.storm_length);
    put_time(in, "outage_at", out.outage_at);
    put_time(in, "outage_length", out.outage_length);
    put(in, "outage_drain_factor", out.outage_drain_factor, 0.1, 1000);
    in.finish();
}

void read_promises(JsonObject in, Promises& out) {
    put_time(in, "seal", out.seal);
    put_time(in, "search", out.search);
    put_time(in, "playback_start", out.playback_start);
    in.finish();
}

void read_calendar(JsonObject in, Parameters& out) {
    put_flag(in, "stationary_busy_hour", out.stationary);
    put(in, "start_hour", out.start_hour, 0, 23.999);
    if (const auto day = in.optional("start_day")) {
        out.start_weekday = day->choice<std::uint32_t>({{"Monday", 0},
                                                        {"Tuesday", 1},
                                                        {"Wednesday", 2},
                                                        {"Thursday", 3},
                                                        {"Friday", 4},
                                                        {"Saturday", 5},
                                                        {"Sunday", 6}});
    }
    put(in, "time_lapse", out.time_lapse, 0.001, 100'000);
    in.finish();
}

PlatformWorkload read(const JsonDocument& document, const std::string& name) {
    JsonObject in = document.root_object(workload_schema);
    PlatformWorkload out;
    out.name = name;
    out.purpose = in.required("purpose").text();
    put(in, "targets", out.parameters.targets, 1, 1e7);
    put(in, "scale", out.parameters.scale, 0.0001, 4);
    const auto section = [&](const char* key, auto&& read_section) {
        if (const auto value = in.optional(key)) {
            read_section(value->object());
        }
    };
    section("calendar",
            [&](JsonObject object) { read_calendar(std::move(object), out.parameters); });
    section("voice",
            [&](JsonObject object) { read_voice(std::move(object), out.parameters.voice); });
    section("data", [&](JsonObject object) { read_data(std::move(object), out.parameters.data); });
    section("storage",
            [&](JsonObject object) { read_storage(std::move(object), out.parameters.storage); });
    section("readers",
            [&](JsonObject object) { read_readers(std::move(object), out.parameters.readers); });
    section("events",
            [&](JsonObject object) { read_events(std::move(object), out.parameters.events); });
    section("promises",
            [&](JsonObject object) { read_promises(std::move(object), out.parameters.promises); });
    in.finish();
    return out;
}

} // namespace

PlatformWorkload read_platform_workload(const std::string& path, const FilePlace& place) {
    return read(JsonDocument::read_file(path, place), std::filesystem::path(path).stem());
}

PlatformWorkload parse_platform_workload(std::string_view text, const std::string& name) {
    return read(JsonDocument::parse(text, name), name);
}

} // namespace profiles::interception
