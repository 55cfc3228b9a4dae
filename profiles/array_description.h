// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// An array under test as its file describes it: an emulated one with everything it shall imitate,
// or a real one with the ways to reach and to disturb it.
namespace profiles {

struct ServiceTime {
    std::string shape = "fixed"; // "fixed", "lognormal", "exponential"
    std::chrono::nanoseconds median{0};
    std::chrono::nanoseconds p99{0};
};

struct EmulatedService {
    std::uint32_t processors = 8;
    ServiceTime read, write, flush, unmap;
    std::uint64_t link_bytes_per_s = 0;
    std::chrono::nanoseconds forwarding{0};
    std::uint32_t queue_limit = 0;
    std::uint32_t media_servers = 0;
    ServiceTime media_read, media_write;
    std::uint64_t media_bytes_per_s = 0;
    std::uint64_t destage_bytes_per_s = 0;
    double destage_read_factor = 1;
    std::chrono::nanoseconds thin_allocation{0};
    std::chrono::nanoseconds compression{0}; // Per KiB of incompressible data.
    bool destage_compressed = false;
};

struct EmulatedCache {
    bool is_volatile = false;
    std::uint64_t volatile_bytes = 64U << 20U;
    std::uint64_t read_bytes = 0;
    std::uint64_t write_bytes = 0;
};

struct EmulatedVolume {
    std::string name;
    std::uint64_t size_bytes = 0;
    std::uint32_t block_bytes = 512;
    std::string serial;
    std::string unique_id; // NAA-6: 32 lower-case hexadecimal digits.
    std::string file;
    bool thin = true;
    std::uint32_t granule_bytes = 65536;
    bool write_protected = false;
    std::uint16_t owner = 0;
};

struct SecretReference { // Where a secret is to be read; never the secret.
    std::string file;
    std::string environment;
};

struct EmulatedChap {
    std::string user;
    SecretReference secret;
    std::string mutual_user;
    SecretReference mutual_secret;
};

struct EmulatedPortal {
    std::string transport; // "iscsi", "nvme_tcp"
    std::uint16_t controller = 0;
    std::string name; // IQN or NQN
    std::string listen = "127.0.0.1:0";
    std::string advertise;
    std::uint16_t group_tag = 1;
    std::optional<EmulatedChap> chap;
};

// A fault worn from the start. The names are those of drivers/array/persona/fault_event.h.
struct EmulatedPersona {
    std::string fault;
    std::optional<std::uint16_t> controller;
    std::optional<std::uint16_t> lun;
    std::uint64_t lba = 0;
    std::uint64_t block_count = 0;
    std::uint64_t cached_bytes = 0; // A lost write reads as written until so much else was read.
    std::uint64_t next = 0;
    double rate = 0;
    std::chrono::nanoseconds duration{0};
    std::chrono::nanoseconds transition{0};
    double factor = 1;
    std::chrono::nanoseconds extra{0};
    std::string notice; // LUN swap: "drop", "attention", "none"; empty = as usual.
    std::string where;  // File and JSON pointer, for messages.
};

struct EgressActor { // Something that talks out of the array's own ports.
    std::string kind;
    std::map<std::string, std::string> parameters; // Values as compact JSON.
};

struct EmulatedArrayDescription {
    std::uint64_t seed = 1;
    std::uint16_t controllers = 2;
    bool symmetric = true;
    std::uint64_t pool_bytes = 0;
    std::vector<EmulatedVolume> volumes;
    std::vector<EmulatedPortal> portals;
    EmulatedCache cache;
    EmulatedService service;
    std::vector<EmulatedPersona> personas;
    std::vector<EgressActor> egress;
};

struct Hook { // A command that disturbs a real array.
    std::vector<std::string> command;
    std::chrono::nanoseconds time_limit{0};
};

struct RealArrayDescription {
    std::vector<std::string> urls;            // Every path to the LUN, without secrets.
    std::string unique_id;                    // What may be written to; empty = nothing.
    std::optional<std::uint64_t> cache_bytes; // What its controllers can cache.
    std::optional<EmulatedChap> chap;
    bool header_digest = false;                 // Demanded of every session.
    bool data_digest = false;                   // NVMe/TCP only.
    std::map<std::string, Hook> hooks;          // By event.
    std::map<std::string, std::string> prompts; // By event: what a person is asked to do.
};

struct IdentityDescription {
    std::string vendor;
    std::string product;
    std::string revision;
    std::string serial;
    std::string nvme_model;
    std::string generation; // "OceanStor 6800 V5": what may be paired with it depends on it.
};

inline constexpr std::array<std::uint8_t, 6> broadcast_address{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

struct PortDescription {
    std::string name;
    std::string kind;         // "data", "management", "service processor", "FC"
    std::string watched_by;   // Interface; empty = not watched.
    std::string markers_from; // Interface on which marker frames are sent past that; empty = none.
    std::array<std::uint8_t, 6> markers_to = broadcast_address; // Ethernet
};

struct PriceDescription {
    double amount = 0;
    std::string currency;
};

struct ArrayDescription {
    std::string file;
    std::string name;
    std::string purpose;
    IdentityDescription identity;
    std::optional<EmulatedArrayDescription> emulated; // Exactly one of the two.
    std::optional<RealArrayDescription> real;
    std::vector<PortDescription> ports;
    std::map<std::string, std::string> host_settings; // As the vendor recommends.
    std::string egress_policy;                        // Name of a declared-egress policy.
    std::optional<PriceDescription> price;
};

} // namespace profiles
