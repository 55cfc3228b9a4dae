// SPDX-License-Identifier: Apache-2.0
#include "bench/hosts/threshold.h"

#include "bench/hosts/handshake.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

namespace bench::hosts {

namespace {

constexpr std::size_t newcomers_max = 256; // At once; more are turned away.

} // namespace

Threshold::Threshold(const MeetingKey& key, const std::vector<PublicKey>& ranks)
    : key_(key)
    , ranks_(ranks)
    , met_(ranks.size() - 1)
    , missing_(ranks.size() - 1) {}

Threshold::~Threshold() {
    for (const Stranger& one : strangers_) {
        ::close(one.descriptor);
    }
    for (const Met& one : met_) {
        if (one.descriptor >= 0) {
            ::close(one.descriptor);
        }
    }
}

std::vector<Met> Threshold::take() {
    return std::exchange(met_, {});
}

void Threshold::let_come(int door, drivers::Duration newcomer_time) {
    const int newcomer = ::accept4(door, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (newcomer < 0) {
        return;
    }
    Stranger fresh{
        newcomer, drawn_challenge(), {}, std::chrono::steady_clock::now() + newcomer_time};
    if (strangers_.size() >= newcomers_max || !say(newcomer, fresh.challenge)) {
        ::close(newcomer);
        return;
    }
    speak_at_once(newcomer);
    strangers_.push_back(std::move(fresh));
}

void Threshold::watch(std::vector<pollfd>& out) const {
    for (const Stranger& one : strangers_) {
        out.push_back({one.descriptor, POLLIN, 0});
    }
}

void Threshold::hear(std::span<const pollfd> watched) {
    const auto now = std::chrono::steady_clock::now();
    std::vector<Stranger> kept;
    for (std::size_t i = 0; i < strangers_.size(); ++i) {
        Stranger& one = strangers_[i];
        const bool speaks = i < watched.size() && watched[i].revents != 0;
        if ((speaks && !listen_to(one)) || now >= one.until) {
            ::close(one.descriptor);
        } else if (one.descriptor >= 0) {
            kept.push_back(std::move(one));
        }
    }
    strangers_ = std::move(kept);
}

bool Threshold::listen_to(Stranger& one) {
    std::array<char, answer_bytes> piece{};
    const ssize_t got =
        ::recv(one.descriptor, piece.data(), answer_bytes - one.said.size(), MSG_DONTWAIT);
    if (got <= 0) {
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    }
    one.said.append(piece.data(), static_cast<std::size_t>(got));
    return one.said.size() < answer_bytes || let_in(one);
}

bool Threshold::let_in(Stranger& one) {
    unsigned rank = 0;
    const auto [end, error] = std::from_chars(one.said.data(), one.said.data() + 8, rank, 16);
    if (error != std::errc{} || end != one.said.data() + 8 || rank == 0 || rank >= ranks_.size() ||
        met_[rank - 1].descriptor >= 0) {
        return false;
    }
    const ConnectionKeys keys = keys_of(key_.shared_with(ranks_[rank]), one.challenge);
    const bool is_rank =
        is_proof(one.said.substr(8), keys.newcomer_proof, one.challenge + one.said.substr(0, 8));
    if (!is_rank || !say(one.descriptor, seal_proof(keys.leader_proof, one.challenge))) {
        return false;
    }
    const int flags = ::fcntl(one.descriptor, F_GETFL);
    ::fcntl(one.descriptor, F_SETFL, flags & ~O_NONBLOCK);
    met_[rank - 1] = {std::exchange(one.descriptor, -1), {keys.to_newcomer, keys.to_leader}};
    --missing_;
    return true;
}

} // namespace bench::hosts
