// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/actor/actor_crew.h"

#include "drivers/api/errors.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace drivers::array {

namespace {

constexpr Duration telling_gap = std::chrono::milliseconds(20);
constexpr std::size_t sample_bytes_max = 16384;
constexpr std::size_t waiting_news_max = 256;

struct HeldNews { // News whose data lives as long as it waits.
    ActorNews news;
    std::vector<std::byte> data;
};

} // namespace

struct ActorCrew::Actor {
    Actor(const ActorSettings& settings, SenderSettings sending, TimePoint from)
        : schedule(settings)
        , trigger(settings.trigger)
        , sender(std::move(sending))
        , started(from) {}

    void tell(const ActorNews& news) {
        {
            const std::lock_guard<std::mutex> held(lock);
            if (waiting.size() >= waiting_news_max) {
                return; // An actor that is behind misses some; the array never waits for it.
            }
            waiting.push_back({news, {news.data.begin(), news.data.end()}});
        }
        wake.notify_one();
    }

    void work() {
        std::unique_lock<std::mutex> held(lock);
        while (!ending) {
            while (!waiting.empty()) {
                HeldNews next = std::move(waiting.front());
                waiting.pop_front();
                next.news.data = next.data;
                schedule.tell(next.news);
            }
            const Duration due = schedule.next_due();
            if (due == Duration::max()) {
                wake.wait(held, [this] { return ending || !waiting.empty(); });
                continue;
            }
            const TimePoint at = started + due;
            if (std::chrono::steady_clock::now() < at) {
                wake.wait_until(held, at, [this] { return ending || !waiting.empty(); });
                continue;
            }
            const ActorMessage message = schedule.take();
            held.unlock();
            sender.send(message);
            held.lock();
        }
    }

    ActorSchedule schedule;
    const ActorTrigger trigger; // Read by the array's thread too.
    ActorSender sender;
    TimePoint started;
    std::mutex lock;
    std::condition_variable wake;
    std::deque<HeldNews> waiting;
    bool ending = false;
    std::thread thread;
};

ActorCrew::ActorCrew(const std::vector<ActorSettings>& actors, const SenderSettings& settings)
    : started_(std::chrono::steady_clock::now())
    , stop_fd_(::eventfd(0, EFD_CLOEXEC)) {
    if (stop_fd_ < 0) {
        throw HostError("egress actors: no descriptor left");
    }
    SenderSettings sending = settings;
    sending.stop_fd = stop_fd_;
    for (const ActorSettings& each : actors) {
        actors_.push_back(std::make_unique<Actor>(each, sending, started_));
    }
    for (const auto& actor : actors_) {
        Actor* one = actor.get();
        one->thread = std::thread([one] { one->work(); });
    }
}

ActorCrew::~ActorCrew() {
    const std::uint64_t stop = 1;
    (void)!::write(stop_fd_, &stop, sizeof stop);
    for (const auto& actor : actors_) {
        {
            const std::lock_guard<std::mutex> held(actor->lock);
            actor->ending = true;
        }
        actor->wake.notify_one();
    }
    for (const auto& actor : actors_) {
        if (actor->thread.joinable()) {
            actor->thread.join();
        }
    }
    ::close(stop_fd_);
}

void ActorCrew::written(std::uint16_t lun,
                        std::uint64_t from_lba,
                        std::uint64_t blocks,
                        std::span<const std::byte> data) noexcept {
    unsaid_bytes_ += data.size();
    ActorNews news;
    news.lun = lun;
    news.lba = from_lba;
    news.block_count = blocks;
    news.data = data;
    const bool is_cue_for_any =
        std::any_of(actors_.begin(), actors_.end(), [&](const std::unique_ptr<Actor>& actor) {
            return is_cue(actor->trigger, news);
        });
    const TimePoint now = std::chrono::steady_clock::now();
    if (!is_cue_for_any && now - sampled_ < telling_gap) {
        return;
    }
    try {
        news.at = now - started_;
        news.bytes = unsaid_bytes_;
        for (const auto& actor : actors_) {
            ActorNews told = news;
            if (!is_cue(actor->trigger, news)) { // A cue's data is looked at again, whole.
                told.data = data.first(std::min(data.size(), sample_bytes_max));
            }
            actor->tell(told);
        }
        sampled_ = now;
        unsaid_bytes_ = 0;
    } catch (const std::exception&) { // Out of memory: the next write tells.
    }
}

void ActorCrew::happened(ActorNews::Kind kind) noexcept {
    try {
        ActorNews news;
        news.kind = kind;
        news.at = std::chrono::steady_clock::now() - started_;
        for (const auto& actor : actors_) {
            actor->tell(news);
        }
    } catch (const std::exception&) { // Out of memory.
    }
}

} // namespace drivers::array
