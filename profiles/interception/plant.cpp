// SPDX-License-Identifier: Apache-2.0
#include "profiles/interception/plant.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace profiles::interception {

namespace {

constexpr double tick_s = 0.020;
constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::size_t sessions_max = 1U << 20U;

double seconds(Duration value) {
    return std::chrono::duration<double>(value).count();
}

double normal(Random& random) { // Box and Muller 1958
    const double radius = std::sqrt(-2 * std::log(1 - random.fraction()));
    return radius * std::cos(2 * 3.14159265358979323846 * random.fraction());
}

std::uint64_t poisson(Random& random, double mean) {
    if (mean > 500) {
        return static_cast<std::uint64_t>(
            std::max(0.0, std::round(mean + std::sqrt(mean) * normal(random))));
    }
    double product = random.fraction();
    std::uint64_t count = 0;
    for (const double least = std::exp(-mean); product > least; product *= random.fraction()) {
        ++count;
    }
    return count;
}

std::uint32_t share_of(double total, std::uint32_t share, std::uint32_t shares) {
    const auto whole = static_cast<std::uint32_t>(std::max(1.0, std::round(total)));
    return whole / shares + (share < whole % shares ? 1U : 0U);
}

} // namespace

Plant::Plant(const Parameters& parameters,
             std::uint64_t seed,
             std::uint32_t share,
             std::uint32_t shares)
    : parameters_(parameters)
    , random_(mixed(seed) ^ mixed(share + 1)) {
    const double total = parameters.targets * parameters.scale;
    targets_ = share_of(total, share, shares);
    const DataParameters& data = parameters.data;
    mobile_targets_ = static_cast<std::uint32_t>(std::round(targets_ * data.mobile_share));
    ip_targets_ =
        data.keep > 0
            ? mobile_targets_ + static_cast<std::uint32_t>(std::round(targets_ * data.fixed_share))
            : 0;
    ip_targets_ = std::min(ip_targets_, targets_);
    const double sessions_per_month = data.sessions_per_day * 30;
    mobile_least_ = pareto_least(data.mobile_bytes_per_month / sessions_per_month,
                                 data.pareto_alpha,
                                 data.pareto_truncation);
    fixed_least_ = pareto_least(
        data.fixed_bytes_per_month / sessions_per_month, data.pareto_alpha, data.pareto_truncation);
    session_bytes_per_tick_ = session_raw_bytes_per_s(parameters) * tick_s;
    const double voice_share_max = parameters.stationary
                                       ? parameters.voice.busy_share
                                       : *std::max_element(voice_hours.begin(), voice_hours.end());
    const double data_share_max = parameters.stationary
                                      ? data.busy_share
                                      : *std::max_element(data_hours.begin(), data_hours.end());
    voice_rate_max_ = targets_ * parameters.voice.calls_per_day * voice_share_max / 3600;
    session_rate_max_ = ip_targets_ * data.sessions_per_day * data_share_max / 3600;
    next_call_s_ = exponential(voice_rate_max_);
    next_session_s_ = exponential(session_rate_max_);
    next_storm_s_ = parameters.events.storms_per_h > 0
                        ? exponential(parameters.events.storms_per_h / 3600)
                        : 1e18;
    rotation_order_.resize(ip_targets_);
    std::iota(rotation_order_.begin(), rotation_order_.end(), 0U);
    for (std::size_t i = rotation_order_.size(); i > 1; --i) {
        std::swap(rotation_order_[i - 1], rotation_order_[random_.below(i)]);
    }
    rotation_from_ = Duration(0);
    calls_.reserve(4096);
    sessions_.reserve(4096);
    fill_steady_state();
}

double Plant::voice_share(Duration now) const noexcept {
    if (parameters_.stationary) {
        return parameters_.voice.busy_share;
    }
    const bool weekend = calendar_weekday(parameters_, now) >= 5;
    return voice_hours[static_cast<std::size_t>(calendar_hour(parameters_, now)) % 24] *
           (weekend ? parameters_.voice.weekend_factor : 1);
}

double Plant::data_share(Duration now) const noexcept {
    return parameters_.stationary
               ? parameters_.data.busy_share
               : data_hours[static_cast<std::size_t>(calendar_hour(parameters_, now)) % 24];
}

double Plant::exponential(double rate_per_s) noexcept {
    return rate_per_s > 0 ? -std::log(1 - random_.fraction()) / rate_per_s : 1e18;
}

// Calls found in progress are long ones: of a lognormal, length-biased lengths are lognormal with
// mu + sigma^2.
double Plant::hold_s(bool length_biased) noexcept {
    const double sigma = parameters_.voice.hold_sigma;
    return parameters_.voice.hold_median_s *
           std::exp(sigma * normal(random_) + (length_biased ? sigma * sigma : 0));
}

double Plant::volume(std::uint32_t target, bool volume_biased) noexcept {
    const double least = target < mobile_targets_ ? mobile_least_ : fixed_least_;
    const double most = least * parameters_.data.pareto_truncation;
    const double power =
        volume_biased ? 1 - parameters_.data.pareto_alpha : -parameters_.data.pareto_alpha;
    const double low = std::pow(least, power);
    const double high = std::pow(most, power);
    return std::pow(low - random_.fraction() * (low - high), 1 / power);
}

std::uint32_t Plant::ip_target() noexcept {
    return static_cast<std::uint32_t>(random_.below(std::max(ip_targets_, 1U)));
}

void Plant::fill_steady_state() {
    const double erlangs =
        voice_rate_max_ * mean_hold_s(parameters_.voice) *
        (parameters_.stationary ? 1
                                : voice_share(Duration(0)) /
                                      *std::max_element(voice_hours.begin(), voice_hours.end()));
    for (std::uint64_t i = poisson(random_, erlangs); i > 0; --i) {
        begin_call(Duration(0),
                   hold_s(true) * random_.fraction(),
                   static_cast<std::uint32_t>(random_.below(targets_)));
    }
    const double share_now = data_share(Duration(0)) / parameters_.data.busy_share;
    const double at_once = ip_targets_ == 0
                               ? 0
                               : share_now / parameters_.data.session_rate_share * targets_ /
                                     std::max(1.0, parameters_.targets * parameters_.scale);
    const double mobile_traffic = mobile_targets_ * parameters_.data.mobile_bytes_per_month;
    const double fixed_traffic = (ip_targets_ - std::min(mobile_targets_, ip_targets_)) *
                                 parameters_.data.fixed_bytes_per_month;
    for (std::uint64_t i = poisson(random_, at_once); i > 0; --i) {
        const bool mobile =
            random_.chance(mobile_traffic / std::max(1.0, mobile_traffic + fixed_traffic)) ||
            mobile_targets_ >= ip_targets_;
        const std::uint32_t target =
            mobile ? static_cast<std::uint32_t>(random_.below(std::max(1U, mobile_targets_)))
                   : mobile_targets_ +
                         static_cast<std::uint32_t>(random_.below(ip_targets_ - mobile_targets_));
        begin_session(Duration(0), volume(target, true) * random_.fraction(), target);
    }
}

void Plant::begin_call(Duration now, double hold, std::uint32_t target) noexcept {
    if (calls_.size() >= sessions_max) {
        return;
    }
    const VoiceParameters& voice = parameters_.voice;
    double draw = random_.fraction() *
                  std::accumulate(voice.codecs.begin(),
                                  voice.codecs.end(),
                                  0.0,
                                  [](double sum, const Codec& codec) { return sum + codec.share; });
    const Codec* codec = &voice.codecs.front();
    for (const Codec& candidate : voice.codecs) {
        codec = &candidate;
        draw -= candidate.share;
        if (draw < 0) {
            break;
        }
    }
    const double speech = voice.pdus_per_s * (1 - codec->silence);
    const double descriptors = 2 / 0.160 * codec->silence;
    Call call;
    call.target = target;
    call.pdus_per_tick = static_cast<float>((speech + descriptors) * tick_s);
    call.bytes_per_pdu =
        static_cast<float>((speech * codec->pdu_bytes + descriptors * codec->silence_pdu_bytes) /
                           (speech + descriptors));
    call.next_hash_ns = now.count() + second_ns;
    call.end_ns = now.count() + static_cast<std::int64_t>(hold * 1e9);
    calls_.push_back(call);
}

void Plant::begin_session(Duration now, double raw_bytes, std::uint32_t target) noexcept {
    if (sessions_.size() < sessions_max) {
        sessions_.push_back({target, 0, 0, 0, raw_bytes, now.count() + second_ns});
    }
}

void Plant::step(Duration now, PlantHearer& hearer) noexcept {
    while (at_ + tick <= now) {
        at_ += tick;
        arrivals(at_, hearer);
        calls_speak(at_, hearer);
        sessions_speak(at_, hearer);
        records(at_, hearer);
        rotations(at_, hearer);
        hearer.ticked(at_);
    }
}

void Plant::arrivals(Duration now, PlantHearer& hearer) noexcept {
    const double now_s = seconds(now);
    const double voice_max = voice_rate_max_;
    while (next_call_s_ <= now_s) {
        const auto start = Duration(static_cast<std::int64_t>(next_call_s_ * 1e9));
        const double rate = targets_ * parameters_.voice.calls_per_day * voice_share(start) / 3600;
        if (random_.fraction() * voice_max < rate) { // Thinning (Lewis and Shedler 1979)
            const double hold = hold_s(false);
            const auto target = static_cast<std::uint32_t>(random_.below(targets_));
            begin_call(start, hold, target);
            ++calls_begun_;
            const double messages = parameters_.voice.sip_messages_per_call;
            const double events = parameters_.voice.iri_per_call;
            hearer.product({target,
                            static_cast<std::uint32_t>(messages + events),
                            static_cast<std::uint32_t>(messages * parameters_.voice.sip_bytes +
                                                       events * parameters_.records.iri_bytes),
                            static_cast<float>(messages + events + 1)},
                           now);
            if (on_call) {
                on_call(start, hold);
            }
        }
        next_call_s_ += exponential(voice_max);
    }
    while (next_session_s_ <= now_s) {
        const auto start = Duration(static_cast<std::int64_t>(next_session_s_ * 1e9));
        const double rate =
            ip_targets_ * parameters_.data.sessions_per_day * data_share(start) / 3600;
        if (random_.fraction() * session_rate_max_ < rate) {
            const std::uint32_t target = ip_target();
            begin_session(start, volume(target, false), target);
        }
        next_session_s_ += exponential(session_rate_max_);
    }
    while (next_storm_s_ <= now_s) {
        storm(now);
        next_storm_s_ += exponential(parameters_.events.storms_per_h / 3600);
    }
}

// A case whose people are all active together: each has a call for the whole time.
void Plant::storm(Duration now) noexcept {
    const std::uint32_t count = std::min(parameters_.events.storm_targets, targets_);
    const auto first = static_cast<std::uint32_t>(random_.below(targets_));
    for (std::uint32_t i = 0; i < count; ++i) {
        begin_call(now,
                   seconds(parameters_.events.storm_length) * (0.8 + 0.4 * random_.fraction()),
                   (first + i) % targets_);
        ++calls_begun_;
    }
}

std::uint32_t Plant::hash_bytes(float pdus, std::uint32_t& hashes) const noexcept {
    const RecordParameters& r = parameters_.records;
    double bytes = r.hash_bytes + r.hash_bytes_per_pdu * static_cast<double>(pdus);
    if (++hashes % static_cast<std::uint32_t>(r.signature_every_hashes) == 0) {
        bytes += r.signature_bytes;
    }
    return static_cast<std::uint32_t>(bytes);
}

void Plant::calls_speak(Duration now, PlantHearer& hearer) noexcept {
    for (std::size_t i = 0; i < calls_.size();) {
        Call& call = calls_[i];
        call.pdus += call.pdus_per_tick;
        const auto whole = static_cast<std::uint32_t>(call.pdus);
        call.pdus -= static_cast<float>(whole);
        call.unhashed_pdus += static_cast<float>(whole);
        auto bytes = static_cast<std::uint32_t>(static_cast<float>(whole) * call.bytes_per_pdu);
        const bool over = call.end_ns <= now.count();
        if (call.next_hash_ns <= now.count() || over) {
            bytes += hash_bytes(call.unhashed_pdus, call.hashes);
            call.unhashed_pdus = 0;
            call.next_hash_ns += second_ns;
        }
        hearer.product({call.target, whole, bytes, 0}, now);
        if (over) {
            hearer.closed(call.target, now);
            calls_[i] = calls_.back();
            calls_.pop_back();
        } else {
            ++i;
        }
    }
}

void Plant::sessions_speak(Duration now, PlantHearer& hearer) noexcept {
    const DataParameters& data = parameters_.data;
    for (std::size_t i = 0; i < sessions_.size();) {
        Session& session = sessions_[i];
        const double raw = std::min(session.bytes_left, session_bytes_per_tick_);
        session.bytes_left -= raw;
        session.pdus += static_cast<float>(raw / data.packet_bytes * data.keep);
        const auto whole = static_cast<std::uint32_t>(session.pdus);
        session.pdus -= static_cast<float>(whole);
        session.unhashed_pdus += static_cast<float>(whole);
        auto bytes =
            static_cast<std::uint32_t>(whole * (data.packet_bytes + data.pdu_header_bytes));
        const bool over = session.bytes_left <= 0;
        while (static_cast<double>(session.unhashed_pdus) >= parameters_.records.hash_every_pdus) {
            bytes +=
                hash_bytes(static_cast<float>(parameters_.records.hash_every_pdus), session.hashes);
            session.unhashed_pdus -= static_cast<float>(parameters_.records.hash_every_pdus);
        }
        if (session.unhashed_pdus > 0 && (over || session.next_hash_ns <= now.count())) {
            bytes += hash_bytes(session.unhashed_pdus, session.hashes);
            session.unhashed_pdus = 0;
            session.next_hash_ns = now.count() + second_ns;
        }
        hearer.product({session.target,
                        whole,
                        bytes,
                        static_cast<float>(whole / parameters_.storage.ip_pdus_per_row)},
                       now);
        if (over) {
            sessions_[i] = sessions_.back();
            sessions_.pop_back();
        } else {
            ++i;
        }
    }
}

void Plant::records(Duration now, PlantHearer& hearer) noexcept {
    const RecordParameters& r = parameters_.records;
    const double per_s = targets_ * (r.sms_per_day + r.locations_per_day + r.pdn_events_per_day) *
                         data_share(now) / 3600;
    for (std::uint64_t i = poisson(random_, per_s * tick_s); i > 0; --i) {
        hearer.product({static_cast<std::uint32_t>(random_.below(targets_)),
                        1,
                        static_cast<std::uint32_t>(r.iri_bytes),
                        1},
                       now);
    }
}

// By the calendar: what a time-lapse shortens is the time between two rotations, and the jitter.
void Plant::rotations(Duration now, PlantHearer& hearer) noexcept {
    const StorageParameters& s = parameters_.storage;
    if (rotation_order_.empty() || now < rotation_from_) {
        return;
    }
    const double jitter = std::max(tick_s, seconds(s.rotation_jitter) / parameters_.time_lapse);
    const double passed = std::min(1.0, seconds(now - rotation_from_) / jitter);
    const auto upto =
        static_cast<std::size_t>(passed * static_cast<double>(rotation_order_.size()));
    for (; rotated_ < upto; ++rotated_) {
        hearer.closed(rotation_order_[rotated_], now);
    }
    if (rotated_ == rotation_order_.size()) {
        rotated_ = 0;
        rotation_from_ +=
            std::max(tick,
                     Duration(static_cast<std::int64_t>(
                         static_cast<double>(s.rotation_every.count()) / parameters_.time_lapse)));
    }
}

} // namespace profiles::interception
