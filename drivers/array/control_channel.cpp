// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/control_channel.h"

#include "drivers/api/errors.h"

#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <istream>
#include <utility>

namespace drivers::array {

namespace {
constexpr std::size_t unread_answers_max = 4096; // A parent that asks and never reads.
} // namespace

ControlChannel::ControlChannel(boost::asio::io_context& context, int descriptor, Serve serve)
    : stream_(context, descriptor)
    , serve_(std::move(serve)) {}

void ControlChannel::start(const ReadyReport& report, std::function<void()> gone) {
    gone_ = std::move(gone);
    send(ready_line(report));
    read_line();
}

void ControlChannel::read_line() {
    boost::asio::async_read_until(
        stream_, incoming_, '\n', [this](const boost::system::error_code& error, std::size_t) {
            if (error) { // The end, or a line longer than any that is meant.
                lose();
                return;
            }
            std::istream in(&incoming_);
            std::string line;
            std::getline(in, line);
            take(line);
            if (stream_.is_open()) {
                read_line();
            }
        });
}

void ControlChannel::take(const std::string& line) {
    ControlAnswer answer;
    try {
        answer = serve_(parse_request(line, answer.id));
    } catch (const UsageError& error) {
        answer.error = error.what();
    }
    send(answer_line(answer));
}

void ControlChannel::send(std::string line) {
    if (outgoing_.size() >= unread_answers_max) {
        lose();
        return;
    }
    outgoing_.push_back(std::move(line));
    if (outgoing_.size() == 1) {
        send_next();
    }
}

void ControlChannel::send_next() {
    boost::asio::async_write(stream_,
                             boost::asio::buffer(outgoing_.front()),
                             [this](const boost::system::error_code& error, std::size_t) {
                                 if (error) {
                                     lose();
                                     return;
                                 }
                                 outgoing_.pop_front();
                                 if (!outgoing_.empty()) {
                                     send_next();
                                 }
                             });
}

void ControlChannel::lose() {
    boost::system::error_code ignored;
    stream_.close(ignored);
    if (gone_) {
        std::exchange(gone_, nullptr)();
    }
}

} // namespace drivers::array
