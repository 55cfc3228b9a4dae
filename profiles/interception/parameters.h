// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace profiles::interception {

using Duration = std::chrono::nanoseconds;

// Every assumption of the platform model, with its default. Sources: Italian Ministry of Justice
// figures via Eurispes (scale), OpenLI etsiencoding.c (PDU sizes), Pattavina and Parini; Yavuz and
// Leung 2007; Jedrzycki and Leung 1996 (lognormal holding times), ETSI TS 102 232-1 (handover).
struct Codec {
    std::string name = "G.711";
    double share = 1;
    double pdu_bytes = 342;         // One PS-PDU of 20 ms
    double silence = 0;             // Share of time without speech: descriptors instead
    double silence_pdu_bytes = 182; // One each 160 ms
};

struct VoiceParameters {
    double calls_per_day = 12; // Answered, per target
    double busy_share = 0.10;  // Of the day's calls in a stationary hour
    double hold_median_s = 60;
    double hold_sigma = 1.12;
    double weekend_factor = 0.75;
    double pdus_per_s = 100; // Both directions at 50
    std::vector<Codec> codecs{Codec{}};
    double sip_messages_per_call = 12;
    double sip_bytes = 900 + 146;
    double iri_per_call = 4;
};

struct DataParameters {
    double keep = 1.0; // Share left after filtering: 1, 0.3 or 0
    double busy_share = 0.08;
    double mobile_share = 0.60;
    double mobile_bytes_per_month = 20e9;
    double fixed_share = 0.05;
    double fixed_bytes_per_month = 280e9;
    double packet_bytes = 900;
    double pdu_header_bytes = 146;
    double sessions_per_day = 40;
    double pareto_alpha = 1.3;
    double pareto_truncation = 1e4; // Largest volume over smallest
    // One session's rate as a share of the platform's busy-hour mean: with Poisson(1 / this)
    // sessions at once the busiest second of an hour comes out near three times the mean, whatever
    // the scale.
    double session_rate_share = 0.30;
};

struct RecordParameters {
    double sms_per_day = 20;
    double locations_per_day = 60;
    double pdn_events_per_day = 40;
    double iri_bytes = 400;
    double hash_bytes = 130 + 105; // Plus 5 for each PDU covered
    double hash_bytes_per_pdu = 5;
    double hash_every_pdus = 1000; // Or every second
    double signature_bytes = 130 + 105 + 256;
    double signature_every_hashes = 15;
};

struct StorageParameters {
    double writers = 16;
    double commits_per_s = 4; // Per writer
    std::uint64_t content_block_bytes = 256 << 10;
    std::uint64_t journal_block_bytes = 16 << 10;
    std::uint32_t journal_writes_per_commit = 2;
    std::uint64_t log_block_bytes = 8 << 10;
    double log_writes_per_s_max = 200;
    std::uint64_t index_block_bytes = 8 << 10;
    double index_pages_per_row = 2;
    double ip_pdus_per_row = 60;
    Duration checkpoint_every = std::chrono::seconds(45);
    std::uint64_t seal_block_bytes = 4 << 10;
    Duration rotation_every = std::chrono::minutes(30);
    Duration rotation_jitter = std::chrono::minutes(5);
    double buffer_seconds = 10;       // Mediation buffer, in seconds of busy-hour ingest
    double retained_share = 0.6;      // Of the content region holds product before the start
    double compressible_share = 0.32; // Of each block: encrypted containers of PDUs, 1.48 with lz4
};

struct ReaderParameters {
    double analysts = 300;
    double seeks_per_s = 0.05; // Per analyst
    std::uint32_t reads_per_seek = 8;
    std::uint64_t playback_block_bytes = 128 << 10;
    double playback_bytes_per_s = 34'200; // What an analyst listens to
    double young_share = 0.7;             // Of playback goes to the youngest ...
    double young_rank = 7.0 / 730;        // ... share of the retained set
    double searches_per_s = 20;
    std::uint32_t reads_per_search = 150;
    std::uint32_t search_depth = 16;
    double search_scan_share = 0.1; // 64 KiB instead of 8 KiB
    double retention_days = 730;
    double exports_per_h = 12;
    double export_bytes = 20e9;
    double scrub_days = 180;
    bool classification = true;
    bool export_evidence = true;
    bool scrub = true;
    bool backup = false;
    double backup_from_hour = 20; // Of the day; in the stationary busy hour throughout.
    double backup_hours = 10;
    bool purge = false;
    double purge_from_hour = 0;
    double purge_hours = 6;
    std::uint64_t purge_extent_bytes = 4 << 20;
    bool purge_overwrites = false; // Instead of unmapping
    bool evacuation = false;       // Everything retained is read out as fast as it comes ...
    bool arrival = false; // The other side of it: everything retained is written, and read back
    std::uint32_t evacuation_depth = 32; // So many accesses of 1 MiB at once
};

struct EventParameters {
    double storms_per_h = 0; // A case whose targets are all active together
    std::uint32_t storm_targets = 50;
    Duration storm_length = std::chrono::minutes(10);
    Duration outage_at{-1}; // Of the handover link, from the start; negative = none
    Duration outage_length{0};
    double outage_drain_factor = 4; // Of the busy-hour mean
};

struct Promises { // Later than this is counted as late; limits of a plan are its own.
    Duration seal = std::chrono::seconds(1);
    Duration search = std::chrono::milliseconds(250);
    Duration playback_start = std::chrono::milliseconds(300);
};

struct Parameters {
    double targets = 5000;
    double scale =
        1; // Targets, writers, analysts and rates alike; ratios and commits per writer stay.
    bool stationary = true; // The busy hour's rates throughout; else the day and week curves
    double start_hour = 10;
    std::uint32_t start_weekday = 2; // 0 = Monday
    double time_lapse = 1;           // Of the calendar only
    VoiceParameters voice;
    DataParameters data;
    RecordParameters records;
    StorageParameters storage;
    ReaderParameters readers;
    EventParameters events;
    Promises promises;
};

// Shares of a day's calls and of a day's IP traffic by hour (assumed; they add up to one).
inline constexpr std::array<double, 24> voice_hours{.008, .005, .003, .003, .003, .006, .015, .030,
                                                    .048, .062, .068, .072, .076, .068, .056, .058,
                                                    .064, .072, .082, .078, .056, .036, .020, .011};
inline constexpr std::array<double, 24> data_hours{.036, .024, .016, .012, .010, .012, .018, .028,
                                                   .036, .040, .042, .044, .046, .048, .048, .046,
                                                   .046, .048, .052, .058, .068, .078, .080, .064};

} // namespace profiles::interception
