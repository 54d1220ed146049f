/// A page that shows the hosted models, in four files; it asks the server's own routes and holds no data itself.
public enum Console {
    public static var page: [UInt8] { PackageResources.console_html }
    public static var style: [UInt8] { PackageResources.console_css }
    public static var script: [UInt8] { PackageResources.console_js }
    /// What runs beside the page while it listens to a microphone.
    public static var sound: [UInt8] { PackageResources.sound_js }
}
