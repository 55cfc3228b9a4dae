// SPDX-License-Identifier: Apache-2.0
#include "profiles/interception/rates.h"

#include <algorithm>
#include <cmath>

namespace profiles::interception {

namespace {

constexpr double day_s = 86400;
constexpr double month_s = 30 * day_s;
constexpr double hour_s = 3600;
constexpr double peak_factor = 3; // Of the busy hour's IP mean in its busiest second (assumed)

double targets_of(const Parameters& p) {
    return p.targets * p.scale;
}

struct CodecMix {
    double pdu_bytes = 0; // Per second of one call
    double pdus_per_s = 0;
};

CodecMix codec_mix(const VoiceParameters& voice) {
    constexpr double silence_pdus_per_s = 2 / 0.160; // Both directions
    CodecMix out;
    double shares = 0;
    for (const Codec& codec : voice.codecs) {
        shares += codec.share;
        out.pdus_per_s += codec.share * (voice.pdus_per_s * (1 - codec.silence) +
                                         silence_pdus_per_s * codec.silence);
        out.pdu_bytes +=
            codec.share * (voice.pdus_per_s * (1 - codec.silence) * codec.pdu_bytes +
                           silence_pdus_per_s * codec.silence * codec.silence_pdu_bytes);
    }
    return {out.pdu_bytes / shares, out.pdus_per_s / shares};
}

// Hash and signature PDUs beside a stream of PDUs: one hash a second or every 1,000.
double integrity_bytes_per_s(const RecordParameters& records, double pdus_per_s) {
    const double hashes = std::max(1.0, pdus_per_s / records.hash_every_pdus);
    return hashes *
               (records.hash_bytes + records.signature_bytes / records.signature_every_hashes) +
           pdus_per_s * records.hash_bytes_per_pdu;
}

double raw_data_bytes_per_day(const Parameters& p) {
    const DataParameters& data = p.data;
    return targets_of(p) * day_s / month_s *
           (data.mobile_share * data.mobile_bytes_per_month +
            data.fixed_share * data.fixed_bytes_per_month);
}

} // namespace

double calendar_hour(const Parameters& p, Duration now) {
    const double hours = std::chrono::duration<double>(now).count() * p.time_lapse / hour_s;
    return std::fmod(p.start_hour + hours, 24);
}

std::uint32_t calendar_weekday(const Parameters& p, Duration now) {
    const double hours = std::chrono::duration<double>(now).count() * p.time_lapse / hour_s;
    return (p.start_weekday + static_cast<std::uint32_t>((p.start_hour + hours) / 24)) % 7;
}

bool is_in_hours(const Parameters& p, Duration now, double from_hour, double hours) {
    return p.stationary || hours >= 24 ||
           std::fmod(calendar_hour(p, now) - from_hour + 24, 24) < hours;
}

double mean_hold_s(const VoiceParameters& voice) {
    return voice.hold_median_s * std::exp(voice.hold_sigma * voice.hold_sigma / 2);
}

double pareto_least(double mean, double alpha, double truncation) {
    const double shape = alpha / (alpha - 1) * (1 - std::pow(truncation, 1 - alpha)) /
                         (1 - std::pow(truncation, -alpha));
    return mean / shape;
}

double session_raw_bytes_per_s(const Parameters& p) {
    return p.data.session_rate_share * raw_data_bytes_per_day(p) * p.data.busy_share / hour_s;
}

Rates rates_at(const Parameters& p, double voice_share, double data_share) {
    const double targets = targets_of(p);
    Rates out;
    out.calls = targets * p.voice.calls_per_day * voice_share / hour_s;
    out.erlangs = out.calls * mean_hold_s(p.voice);
    const CodecMix mix = codec_mix(p.voice);
    out.voice_pdus = out.erlangs * mix.pdus_per_s;
    out.voice_bytes =
        out.erlangs * (mix.pdu_bytes + integrity_bytes_per_s(p.records, mix.pdus_per_s)) +
        out.calls * (p.voice.sip_messages_per_call * p.voice.sip_bytes +
                     p.voice.iri_per_call * p.records.iri_bytes);
    const double raw = raw_data_bytes_per_day(p) * data_share / hour_s;
    out.sessions = targets * (p.data.mobile_share + p.data.fixed_share) * p.data.sessions_per_day *
                   data_share / hour_s * (p.data.keep > 0 ? 1 : 0);
    out.ip_pdus = raw / p.data.packet_bytes * p.data.keep;
    const double session_pdus = session_raw_bytes_per_s(p) / p.data.packet_bytes * p.data.keep;
    const double sessions_at_once = session_pdus > 0 ? out.ip_pdus / session_pdus : 0;
    out.ip_bytes = out.ip_pdus * (p.data.packet_bytes + p.data.pdu_header_bytes) +
                   sessions_at_once * integrity_bytes_per_s(p.records, session_pdus);
    out.records =
        targets *
        (p.records.sms_per_day + p.records.locations_per_day + p.records.pdn_events_per_day) *
        data_share / hour_s;
    out.iri = out.records + out.calls * (p.voice.iri_per_call + p.voice.sip_messages_per_call);
    out.rows = out.ip_pdus / p.storage.ip_pdus_per_row + out.iri + out.calls;
    out.ingest_bytes = out.voice_bytes + out.ip_bytes + out.records * p.records.iri_bytes;
    const double files = p.data.keep > 0 ? targets * (p.data.mobile_share + p.data.fixed_share) : 0;
    out.closes = out.calls + files * p.time_lapse /
                                 std::chrono::duration<double>(p.storage.rotation_every).count();
    return out;
}

Rates mean_rates(const Parameters& p) {
    return rates_at(p, 1.0 / 24, 1.0 / 24);
}
Rates busy_rates(const Parameters& p) {
    return rates_at(p, p.voice.busy_share, p.data.busy_share);
}

namespace {

void add(PlatformTable& table, StreamRate stream) {
    stream.bytes_per_s = stream.bytes_per_s > 0
                             ? stream.bytes_per_s
                             : stream.per_s * static_cast<double>(stream.block_bytes);
    const bool reads = stream.id[0] == 'R';
    const bool moves_data = stream.operation != "unmap";
    if (reads) {
        table.read_bytes_per_s += stream.bytes_per_s;
        table.read_per_s += stream.per_s;
    } else if (moves_data) {
        table.write_bytes_per_s +=
            stream.id == "W1" ? table.ingest_busy_bytes_per_s : stream.bytes_per_s;
        table.write_per_s += stream.per_s;
    }
    table.streams.push_back(std::move(stream));
}

void add_writes(PlatformTable& table, const Parameters& p, const Rates& busy) {
    const StorageParameters& s = p.storage;
    const double commits = std::max(1.0, std::round(s.writers * p.scale)) * s.commits_per_s;
    const double blocks =
        std::ceil(busy.ingest_bytes / commits / static_cast<double>(s.content_block_bytes));
    const double log = std::min(busy.rows, s.log_writes_per_s_max * p.scale);
    add(table,
        {"W1",
         "content ingest",
         "write",
         s.content_block_bytes,
         commits * blocks,
         busy.ingest_bytes,
         "append, one zone per writer; flush per commit"});
    add(table,
        {"W2",
         "journal",
         "write FUA",
         s.journal_block_bytes,
         commits * s.journal_writes_per_commit,
         0,
         "small circular, one at a time per writer"});
    add(table,
        {"W3", "database log", "write FUA", s.log_block_bytes, log, 0, "sequential, group commit"});
    add(table,
        {"W4",
         "index pages",
         "write",
         s.index_block_bytes,
         busy.rows * s.index_pages_per_row,
         0,
         "random, zipf 0.9, checkpoint bursts"});
    add(table,
        {"W5",
         "seal",
         "write FUA",
         s.seal_block_bytes,
         busy.closes,
         0,
         "append, one per closed call or file"});
}

void add_reads(PlatformTable& table, const Parameters& p, const Rates& mean) {
    const ReaderParameters& r = p.readers;
    const double analysts = r.analysts * p.scale;
    const auto playback_block = static_cast<double>(r.playback_block_bytes);
    add(table,
        {"R1",
         "playback",
         "read",
         r.playback_block_bytes,
         analysts * (r.seeks_per_s * r.reads_per_seek + r.playback_bytes_per_s / playback_block),
         0,
         "sequential in a file, random across"});
    const double searches = r.searches_per_s * p.scale * r.reads_per_search;
    add(table,
        {"R2",
         "search",
         "read",
         8192,
         searches,
         searches * (8192 * (1 - r.search_scan_share) + 65536 * r.search_scan_share),
         "random, 10 % scans of 64 KiB"});
    constexpr double export_block = 1 << 20;
    const auto paced = [&](const char* id,
                           const char* name,
                           bool on,
                           double bytes_per_s,
                           std::uint64_t block,
                           const char* pattern) {
        if (on) {
            add(table,
                {id,
                 name,
                 "read",
                 block,
                 bytes_per_s / static_cast<double>(block),
                 bytes_per_s,
                 pattern});
        }
    };
    paced("R3",
          "classification",
          r.classification,
          mean.ingest_bytes,
          p.storage.content_block_bytes,
          "follows ingest");
    paced("R4",
          "evidence export",
          r.export_evidence,
          r.exports_per_h * r.export_bytes / hour_s * p.scale,
          static_cast<std::uint64_t>(export_block),
          "sequential, hashed");
    paced("R5",
          "scrub",
          r.scrub,
          table.retained_bytes / (r.scrub_days * day_s),
          1 << 20,
          "whole set, throttled, verified");
    paced("R6",
          "backup",
          r.backup,
          table.bytes_per_day / (r.backup_hours * hour_s),
          1 << 20,
          "sequential");
    if (r.evacuation) { // As fast as the array lets it: no rate can be said beforehand.
        add(table,
            {"M1", "evacuation", "read", 1 << 20, 0, 0, "whole set, as fast as the array gives"});
    }
    if (r.arrival) {
        add(table, {"M1", "arrival", "write", 1 << 20, 0, 0, "whole set, each block read back"});
    }
    if (r.purge) {
        const double bytes = table.bytes_per_day / (r.purge_hours * hour_s);
        add(table,
            {"D1",
             "purge",
             r.purge_overwrites ? "write" : "unmap",
             r.purge_extent_bytes,
             bytes / static_cast<double>(r.purge_extent_bytes),
             bytes,
             "by case, read back zeros"});
    }
}

} // namespace

PlatformTable platform_table(const Parameters& p) {
    const Rates mean = mean_rates(p);
    const Rates busy = busy_rates(p);
    PlatformTable out;
    out.ingest_mean_bytes_per_s = mean.ingest_bytes;
    out.ingest_busy_bytes_per_s = busy.ingest_bytes;
    // Calls at their 99.9th percentile beside the busiest second of IP traffic.
    const double calls_peak = busy.erlangs + 3.09 * std::sqrt(busy.erlangs);
    out.ingest_peak_bytes_per_s =
        peak_factor * busy.ip_bytes +
        busy.voice_bytes * (busy.erlangs > 0 ? calls_peak / busy.erlangs : 1);
    out.bytes_per_day = mean.ingest_bytes * day_s;
    out.retained_bytes = out.bytes_per_day * p.readers.retention_days;
    out.voice_pdus_per_s = busy.voice_pdus;
    out.ip_pdus_per_s = busy.ip_pdus;
    out.erlangs = busy.erlangs;
    add_writes(out, p, busy);
    add_reads(out, p, mean);
    return out;
}

} // namespace profiles::interception
