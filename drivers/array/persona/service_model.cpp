// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/persona/service_model.h"

#include <algorithm>
#include <functional>

namespace drivers::array {

namespace {

bool costs_anything(const ServiceSettings& settings) {
    return !settings.read.is_nothing() || !settings.write.is_nothing() ||
           !settings.flush.is_nothing() || !settings.unmap.is_nothing() ||
           settings.link_bytes_per_s != 0 || settings.forwarding != Duration{0} ||
           settings.queue_limit != 0 || settings.media_servers != 0 ||
           settings.destage_bytes_per_s != 0 || settings.thin_allocation != Duration{0} ||
           settings.compression != Duration{0};
}

Duration scaled(Duration span, double factor) noexcept {
    return Duration(static_cast<std::int64_t>(static_cast<double>(span.count()) * factor));
}

} // namespace

ServiceModel::ServiceModel(const ServiceSettings& settings,
                           std::uint16_t controllers,
                           std::uint64_t seed)
    : settings_(settings)
    , costs_(costs_anything(settings))
    , chance_(seed)
    , media_read_time_(settings.media_read)
    , media_write_time_(settings.media_write)
    , controllers_(controllers, Controller(std::max(settings.processors, 1U)))
    , media_(std::max(settings.media_servers, 1U))
    , read_cache_(settings.read_cache_bytes) {
    for (const DistributionSettings& each :
         {settings.read, settings.write, settings.flush, settings.unmap}) {
        times_.emplace_back(each);
    }
    for (Controller& controller : controllers_) {
        controller.in_service.reserve(settings.queue_limit);
    }
}

void ServiceModel::apply(const FaultEvent& event, TimePoint now) {
    switch (event.fault) {
    case Fault::slow_path:
        slow_path_.add(event, now);
        break;
    case Fault::slow_tail:
        slow_tail_.add(event, now);
        break;
    case Fault::queue_full:
        queue_full_.add(event, now);
        break;
    default:
        return;
    }
    faulty_ = true;
}

void ServiceModel::recover() noexcept {
    slow_path_.clear();
    slow_tail_.clear();
    queue_full_.clear();
    faulty_ = false;
}

bool ServiceModel::refuses(const Target& target, TimePoint now) noexcept {
    if (queue_full_.strike(target, now, chance_) != nullptr) {
        return true;
    }
    if (settings_.queue_limit == 0) {
        return false;
    }
    auto& in_service = controllers_[target.controller].in_service;
    while (!in_service.empty() && in_service.front() <= now) {
        std::pop_heap(in_service.begin(), in_service.end(), std::greater<>());
        in_service.pop_back();
    }
    return in_service.size() >= settings_.queue_limit;
}

TimePoint ServiceModel::ready(const ServiceDemand& demand, TimePoint now) noexcept {
    Controller& controller = controllers_[demand.target.controller];
    TimePoint at = now;
    if (costs_) {
        at = controller.processor.serve(at, processing(demand));
        if (demand.work == Work::read && demand.bytes > 0) {
            at = media_read(demand, at);
        } else if (demand.work == Work::write && demand.bytes > 0) {
            at = into_cache(demand, at);
        }
        if (demand.through_cache) {
            at = through_cache(demand, at);
        }
        if (settings_.link_bytes_per_s != 0 && demand.bytes > 0) {
            at = controller.link.serve(
                at, transfer(demand.bytes, static_cast<double>(settings_.link_bytes_per_s)));
        }
    }
    if (faulty_) {
        at += slowed_down(demand, at - now, now);
    }
    if (settings_.queue_limit != 0) { // refuses() has made room in what was reserved.
        controller.in_service.push_back(at);
        std::push_heap(
            controller.in_service.begin(), controller.in_service.end(), std::greater<>());
    }
    return at;
}

Duration ServiceModel::processing(const ServiceDemand& demand) noexcept {
    Duration out = times_[static_cast<std::size_t>(demand.work)].draw(chance_);
    if (demand.forwarded) {
        out += settings_.forwarding;
    }
    if (demand.work == Work::write) {
        const double kib = static_cast<double>(demand.bytes) / 1024;
        out += settings_.thin_allocation * static_cast<std::int64_t>(demand.allocates) +
               scaled(settings_.compression, kib * demand.incompressible);
    }
    return out;
}

Duration ServiceModel::transfer(std::uint64_t bytes, double bytes_per_s) const noexcept {
    return bytes_per_s > 0
               ? Duration(static_cast<std::int64_t>(static_cast<double>(bytes) * 1e9 / bytes_per_s))
               : Duration{0};
}

TimePoint ServiceModel::media_read(const ServiceDemand& demand, TimePoint at) noexcept {
    const std::uint64_t offset = demand.target.lba * (demand.bytes / demand.target.blocks);
    const bool hit = read_cache_.touch(demand.target.lun, offset);
    if (settings_.media_servers == 0 || hit) {
        return at;
    }
    Duration spent = media_read_time_.draw(chance_) +
                     transfer(demand.bytes, static_cast<double>(settings_.media_bytes_per_s));
    if (destaged_at_ > at) {
        spent = scaled(spent, settings_.destage_read_factor);
    }
    return media_.serve(at, spent);
}

TimePoint ServiceModel::into_cache(const ServiceDemand& demand, TimePoint at) noexcept {
    read_cache_.touch(demand.target.lun, demand.target.lba * (demand.bytes / demand.target.blocks));
    if (settings_.destage_bytes_per_s == 0) {
        return at;
    }
    const auto rate = static_cast<double>(settings_.destage_bytes_per_s);
    const double left = settings_.destage_compressed ? std::max(demand.incompressible, 0.05) : 1;
    const auto bytes = static_cast<std::uint64_t>(static_cast<double>(demand.bytes) * left);
    destaged_at_ = std::max(destaged_at_, at) + transfer(bytes, rate);
    // It is in once all but a cacheful has left.
    return std::max(at, destaged_at_ - transfer(settings_.write_cache_bytes, rate));
}

TimePoint ServiceModel::through_cache(const ServiceDemand& demand, TimePoint at) noexcept {
    if (demand.work == Work::flush) {
        at = std::max(at, destaged_at_);
    }
    return settings_.media_servers == 0 ? at : media_.serve(at, media_write_time_.draw(chance_));
}

Duration
ServiceModel::slowed_down(const ServiceDemand& demand, Duration spent, TimePoint now) noexcept {
    Duration more{0};
    if (const FaultEvent* slow = slow_path_.active(demand.target, now)) {
        more += slow->extra + scaled(spent, slow->factor - 1);
        ++slowed_;
    }
    if (const FaultEvent* tail = slow_tail_.strike(demand.target, now, chance_)) {
        more += tail->extra;
        ++tails_;
    }
    return more;
}

} // namespace drivers::array
