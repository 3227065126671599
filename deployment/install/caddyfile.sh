#!/bin/sh
# Write the configuration of Caddy, the web server in front of Roadbook: caddyfile.sh KIND HOST PORT EMAIL [LAN_FOLDER]
# KIND: domain (one firm under HOST), firms (several; Caddy asks Roadbook which there are) or lan (a name inside this
# network alone, under a root certificate of our own). PORT: Roadbook's. EMAIL: '' or whom the certificate's maker may
# write to. Made for Caddy 2.6 and newer.
set -eu
kind=$1 host=$2 port=$3 email=$4 lan=${5-}

options() {
    case $kind in
    firms) echo "	on_demand_tls {
		ask http://127.0.0.1:$port/hosted
	}" ;;
    # Port 80 shows the page that gets a phone to trust the root certificate, instead of sending it on.
    lan) echo "	auto_https disable_redirects
	skip_install_trust
	pki {
		ca local {
			root {
				cert $lan/root.crt
				key $lan/root.key
			}
		}
	}" ;;
    esac
}

sites() {
    case $kind in
    domain) site "$host" "${email:+tls $email}" ;;
    firms) site "https://" "tls $email {
		on_demand
	}" ;;
    lan)
        # The page below asks for this, to see whether the device trusts; the app's own answers are not for other pages.
        site "$host" "tls internal
	handle /trusts-roadbook {
		header Cross-Origin-Resource-Policy cross-origin
		respond 204
	}"
        cat <<END

http:// {
	log
	root * $lan/page
	@traditional {
		path /
		header_regexp Accept-Language (?i)^zh-(tw|hk|mo|hant)
	}
	@simplified {
		path /
		header_regexp Accept-Language (?i)^zh
		not header_regexp Accept-Language (?i)^zh-(tw|hk|mo|hant)
	}
	rewrite @traditional /zh-Hant.html
	rewrite @simplified /zh-Hans.html
	try_files {path} /index.html
	header {
		Content-Security-Policy "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src https://$host; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
		X-Content-Type-Options nosniff
		Referrer-Policy no-referrer
	}
	header /roadbook.crt Content-Type application/x-x509-ca-cert
	header /roadbook.mobileconfig Content-Type application/x-apple-aspen-config
	file_server
}
END
        ;;
    esac
}

site() {
    printf '\n%s {\n' "$1"
    [ -z "$2" ] || printf '\t%s\n' "$2"
    printf '\timport roadbook\n}\n'
}

cat <<END
# Caddy in front of Roadbook. Made by deployment/install.sh and replaced when it runs again; /etc/caddy/Caddyfile
# imports it first. Sites of your own belong there, below the import.
{
	# Nothing on this machine may change what is served while it runs.
	admin off
	# Streams of pokes never end by themselves.
	grace_period 3s
$(options)
	servers {
		timeouts {
			read_header 10s
			idle 3m
		}
	}
	# Addresses may hold links that let somebody in, headers hold sessions: neither is written down.
	log {
		output stderr
		format filter {
			wrap json
			fields {
				request>uri regexp "\?.*|(/(invite|devices/word)/).*" "\$1"
				request>headers delete
				resp_headers delete
			}
		}
	}
}

(roadbook) {
	log
	header {
		-Server
		?Strict-Transport-Security "max-age=31536000"
	}
	request_body {
		max_size 64MB
	}
	# Lines for devices, files and scripts come packed; pages gain by it. Pokes pass as they are.
	encode {
		zstd
		gzip
		match {
			header Content-Type text/html*
			header Content-Type text/csv*
			header Content-Type image/svg+xml*
		}
	}
	reverse_proxy 127.0.0.1:$port {
		flush_interval -1
		# While the server starts anew, whoever comes is kept waiting rather than refused.
		lb_try_duration 10s
		lb_try_interval 250ms
	}
}
$(sites)
END
