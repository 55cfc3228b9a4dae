// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/array_assembly.h"

#include "bench/plan/secret.h"
#include "drivers/api/errors.h"

#include <fmt/format.h>

namespace bench::plan {

namespace {

namespace array = drivers::array;
using drivers::UsageError;

const profiles::EmulatedArrayDescription& emulated(const profiles::ArrayDescription& described) {
    if (!described.emulated) {
        throw UsageError(fmt::format(
            "{}: \"{}\" is a real array; wanted an emulated one", described.file, described.name));
    }
    return *described.emulated;
}

array::VolumeSettings volume(const profiles::EmulatedVolume& from,
                             const profiles::IdentityDescription& identity) {
    array::VolumeSettings out;
    out.name = from.name;
    out.identity.vendor = identity.vendor;
    out.identity.product = identity.product;
    out.identity.revision = identity.revision;
    out.identity.serial = from.serial;
    out.identity.unique_id = from.unique_id;
    out.block_bytes = from.block_bytes;
    out.block_count = from.size_bytes / from.block_bytes;
    out.file = from.file;
    out.thin = from.thin;
    out.granule_bytes = from.granule_bytes;
    out.write_protected = from.write_protected;
    out.owner = from.owner;
    return out;
}

array::DistributionSettings distribution(const profiles::ServiceTime& from) {
    array::DistributionSettings out;
    out.shape = from.shape == "lognormal"     ? array::Shape::lognormal
                : from.shape == "exponential" ? array::Shape::exponential
                                              : array::Shape::fixed;
    out.median = from.median;
    out.p99 = from.p99;
    return out;
}

array::ServiceSettings service(const profiles::EmulatedService& from,
                               const profiles::EmulatedCache& cache) {
    array::ServiceSettings out;
    out.processors = from.processors;
    out.read = distribution(from.read);
    out.write = distribution(from.write);
    out.flush = distribution(from.flush);
    out.unmap = distribution(from.unmap);
    out.link_bytes_per_s = from.link_bytes_per_s;
    out.forwarding = from.forwarding;
    out.queue_limit = from.queue_limit;
    out.media_servers = from.media_servers;
    out.media_read = distribution(from.media_read);
    out.media_write = distribution(from.media_write);
    out.media_bytes_per_s = from.media_bytes_per_s;
    out.read_cache_bytes = cache.read_bytes;
    out.write_cache_bytes = cache.write_bytes;
    out.destage_bytes_per_s = from.destage_bytes_per_s;
    out.destage_read_factor = from.destage_read_factor;
    out.thin_allocation = from.thin_allocation;
    out.compression = from.compression;
    out.destage_compressed = from.destage_compressed;
    return out;
}

array::FaultEvent persona(const profiles::EmulatedPersona& from, const std::string& file) {
    const auto fault = array::fault_named(from.fault);
    if (!fault) {
        throw UsageError(fmt::format("{}: {}: no fault \"{}\"", file, from.where, from.fault));
    }
    array::FaultEvent out;
    out.fault = *fault;
    out.controller = from.controller.value_or(array::all_controllers);
    out.lun = from.lun.value_or(array::all_luns);
    out.lba = from.lba;
    out.block_count = from.block_count;
    out.cached_bytes = from.cached_bytes;
    out.next = from.next;
    out.rate = from.rate;
    out.duration = from.duration;
    out.transition = from.transition;
    out.factor = from.factor;
    out.extra = from.extra;
    out.notice = array::swap_notice_named(from.notice).value_or(out.notice);
    if (const std::string problem = fault_problem(out); !problem.empty()) {
        throw UsageError(fmt::format("{}: {}: {}", file, from.where, problem));
    }
    return out;
}

array::ChapSettings chap(const profiles::EmulatedChap& from) {
    array::ChapSettings out;
    out.user = from.user;
    out.secret = read_secret(from.secret);
    if (!from.mutual_user.empty()) {
        out.mutual_user = from.mutual_user;
        out.mutual_secret = read_secret(from.mutual_secret);
    }
    return out;
}

} // namespace

array::ArraySettings array_settings(const profiles::ArrayDescription& described) {
    const profiles::EmulatedArrayDescription& from = emulated(described);
    array::ArraySettings out;
    out.name = described.name;
    out.seed = from.seed;
    out.controllers = from.controllers;
    out.symmetric = from.symmetric;
    out.volatile_cache = from.cache.is_volatile;
    out.volatile_cache_bytes = from.cache.volatile_bytes;
    out.pool_bytes = from.pool_bytes;
    for (const profiles::EmulatedVolume& each : from.volumes) {
        out.volumes.push_back(volume(each, described.identity));
    }
    out.service = service(from.service, from.cache);
    for (const profiles::EmulatedPersona& each : from.personas) {
        out.personas.push_back(persona(each, described.file));
    }
    return out;
}

std::vector<array::PortalSettings> portal_settings(const profiles::ArrayDescription& described) {
    std::vector<array::PortalSettings> out;
    for (const profiles::EmulatedPortal& from : emulated(described).portals) {
        array::PortalSettings portal;
        portal.transport = from.transport == "nvme_tcp" ? array::PortalTransport::nvme_tcp
                                                        : array::PortalTransport::iscsi;
        portal.controller = from.controller;
        portal.name = from.name;
        portal.listen = from.listen;
        portal.advertise = from.advertise;
        portal.group_tag = from.group_tag;
        portal.model = described.identity.nvme_model;
        if (from.chap) {
            portal.chap = chap(*from.chap);
        }
        out.push_back(portal);
    }
    return out;
}

std::unique_ptr<array::EmulatedArray> start_emulated(const profiles::ArrayDescription& described) {
    emulated(described);
    array::ChildSettings settings;
    settings.file = described.file;
    return std::make_unique<array::EmulatedArray>(settings);
}

} // namespace bench::plan
