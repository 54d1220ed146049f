# The first stage builds one binary with the Swift standard library inside.
FROM swift:6.3-bookworm AS build
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends \
        libpng-dev libjpeg-dev zlib1g-dev libssl-dev libhiredis-dev pkg-config \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
WORKDIR /source
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
RUN swift build -c release --product striate --static-swift-stdlib \
    && install -D -s "$(swift build -c release --static-swift-stdlib --show-bin-path)/striate" /out/striate

# The second holds the binary, the image libraries it calls, and the models.
FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="Striate" \
    org.opencontainers.image.description="An inference server for convolutional and recurrent networks on CPUs" \
    org.opencontainers.image.licenses="MIT"
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends libhiredis0.14 libjpeg62-turbo libpng16-16 libssl3 zlib1g \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
    && useradd --system --no-create-home --shell /usr/sbin/nologin striate
COPY --from=build /out/striate /usr/local/bin/striate
WORKDIR /srv/striate
COPY config config
USER striate
# Without a key file (STRIATE_KEYS_FILE) or STRIATE_ANONYMOUS=true only the container itself is served.
ENV STRIATE_HOST=0.0.0.0
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=2s --start-period=2s CMD ["striate", "health"]
ENTRYPOINT ["striate"]
CMD ["serve"]
