import Models

extension Sessions {
    /// The session that a client names, as it is.
    func view(
        _ id: String,
        of key: AccessKey?,
        _ holder: SessionHolder?
    ) throws(ServiceError) -> SessionView {
        do throws(SessionFault) {
            return try session(SessionName(id, of: key?.name), holder)
        } catch {
            throw .session(id, error)
        }
    }

    /// A step of the session that a client names.
    func openStep(
        _ id: String,
        of key: AccessKey?,
        _ holder: SessionHolder?
    ) throws(ServiceError) -> SessionStep {
        do throws(SessionFault) {
            return try step(SessionName(id, of: key?.name), holder)
        } catch {
            throw .session(id, error)
        }
    }
}

extension Call {
    /// The name of the path's session.
    var sessionName: SessionName {
        get throws(ServiceError) {
            guard let id = parameters.session else {
                throw .missingField("session", expected: "a session's id in the path")
            }
            return SessionName(id, of: key?.name)
        }
    }
}
