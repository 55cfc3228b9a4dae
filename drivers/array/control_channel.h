// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/control.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/streambuf.hpp>

#include <deque>
#include <functional>
#include <string>

namespace drivers::array {

// The array's end of the socket pair: hands on each request, sends each answer, and says when the
// other side is gone.
class ControlChannel {
public:
    using Serve = std::function<ControlAnswer(const ControlRequest&)>;

    ControlChannel(boost::asio::io_context& context, int descriptor, Serve serve);

    void start(const ReadyReport& report, std::function<void()> gone);

private:
    void read_line();
    void take(const std::string& line);
    void send(std::string line);
    void send_next();
    void lose();

    boost::asio::posix::stream_descriptor stream_;
    boost::asio::streambuf incoming_{control_line_bytes_max};
    std::deque<std::string> outgoing_;
    Serve serve_;
    std::function<void()> gone_;
};

} // namespace drivers::array
