// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/egress_options.h"

#include "bench/cli/option_page.h"
#include "bench/cli/say.h"
#include "drivers/api/errors.h"

#include <boost/program_options.hpp>

#include <fmt/format.h>
#include <sstream>

namespace bench::cli {

namespace po = boost::program_options;

namespace {

constexpr const char* usage =
    R"(usage: arraybench egress CAPTURE | -i INTERFACE [--policy POLICY.json] [OPTION]...

Says who talked to whom in a capture (pcap, pcapng) or on a live interface, which of it the policy allows, what the
detectors make of it, and what this capture could not have shown. Without a policy everything is unlisted.
In place of a capture it reads Zeek's conn.log (and dns.log), tab-separated or JSON lines.

example: arraybench egress lab.pcap --policy profiles/policies/linux-lio.json --format json
         arraybench egress conn.log --dns-log dns.log --policy profiles/policies/linux-lio.json

)";

po::options_description describe(EgressOptions& options) {
    po::options_description all("options");
    auto add = all.add_options();
    add("help,h", po::bool_switch(&options.help), "this help");
    add("interface,i",
        po::value(&options.interface),
        "capture live on this interface until SIGINT, SIGHUP or --duration");
    add("duration", po::value(&options.duration), "end a live capture after this time, like 60s");
    add("policy", po::value(&options.policy), "what is declared; all else is a finding");
    add("format", po::value(&options.format), "text, json or html");
    add("draft-policy",
        po::value(&options.draft),
        "write a policy that allows what was seen to this file, for a person to edit");
    add("export",
        po::value(&options.export_folder),
        "write conn.log, dns.log, eve.json and a cut-out pcap per finding into this folder");
    add("dns-log",
        po::value(&options.dns_log),
        "Zeek's dns.log beside the conn.log that is given in place of a capture");
    add("journal",
        po::value(&options.journal),
        "when phases began and stimuli came: the traffic's answers to them are tested");
    add("canary-key",
        po::value(&options.canary_key),
        "look for the canaries that a run planted under this key, in every encoding known");
    add("make-canary-key",
        po::value(&options.make_canary_key),
        "write a new key to this file, and do nothing else");
    add("flows-max",
        po::value(&options.flows_max),
        "flows kept one by one; the oldest beyond are folded into sums");
    add("control-fd",
        po::value(&options.control),
        "descriptor of a socket pair on which a run says what to watch for it");
    add("file", po::value(&options.file), "the capture");
    return all;
}

} // namespace

EgressOptions egress_options(const Arguments& arguments) {
    EgressOptions options;
    const po::options_description all = describe(options);
    po::positional_options_description positional;
    positional.add("file", 1);
    po::variables_map values = stored_options(arguments, all, positional);
    po::notify(values);
    if (options.help) {
        std::ostringstream text;
        text << usage << all;
        say("{}", text.str());
        return options;
    }
    if (!options.make_canary_key.empty() || options.control >= 0) {
        return options;
    }
    const bool capture_or_log = !options.file.empty() || !options.dns_log.empty();
    if (capture_or_log == !options.interface.empty()) {
        throw drivers::UsageError(
            "egress: wanted either a capture file, Zeek logs, or -i INTERFACE");
    }
    if (options.format != "text" && options.format != "json" && options.format != "html") {
        throw drivers::UsageError(
            fmt::format("egress: --format {}: wanted text, json or html", options.format));
    }
    return options;
}

} // namespace bench::cli
