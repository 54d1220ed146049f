/// The version of this build.
public let striateVersion = "0.1.0"
